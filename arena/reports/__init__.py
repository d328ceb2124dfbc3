"""What people and scripts read: battles, scores and the leaderboard as files."""
