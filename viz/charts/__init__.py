"""Charts that survive light and dark, one function each."""
