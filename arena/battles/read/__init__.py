"""Battle files as columns: JSONL, CSV and Parquet, of ours and of others."""
