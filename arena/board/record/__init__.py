"""A board's record: what auditors and model cards need to know of it, and whether the files are still those."""
