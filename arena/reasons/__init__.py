"""Why models lose: groups of words in what judges wrote, and traits of losing answers. No model is asked."""
