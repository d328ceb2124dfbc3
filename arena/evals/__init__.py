"""Benchmarks: tasks with right answers, how a document is asked, read and scored. Knows no stage."""
