"""Backends that ask nobody: recordings, the rule, the rehearsal."""
