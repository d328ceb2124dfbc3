"""Asking any backend for anything: workers, budget, interruption, progress. Knows no board."""
