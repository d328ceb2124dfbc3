"""Benchmarks as people download them by hand: one small file per layout, its rows in the columns of the hub."""
