"""Endpoints on the network: what all APIs have in common."""
