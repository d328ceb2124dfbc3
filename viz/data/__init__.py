"""Reading boards: a columnar index with byte offsets, so that texts stay on disk until somebody looks at them."""
