"""What is rated: tables of battles, arrays, sums by pair, and who met whom."""
