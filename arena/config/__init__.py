"""What a user writes: sections and kinds of backends, read once at the edge."""
