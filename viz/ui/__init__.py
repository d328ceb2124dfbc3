"""Pieces of pages: words, choices, figures, and what holds a session together."""
