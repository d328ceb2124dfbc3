"""Where files, models and arithmetic meet: open a board, answer, review, rate."""
