"""Battles as data: which rows count, rows as columns, and battle files of any tool. Knows no board and no judge."""
