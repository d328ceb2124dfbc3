"""A board as it stands: opened, its answers and verdicts read. Makes no call and imports nothing that can."""
