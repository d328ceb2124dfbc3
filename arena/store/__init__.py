"""What lies on disk: a board's folder with its answers and ledgers, batches, recordings, votes, the lock."""
