"""Ways to rate: a file is a family of methods."""
