"""The people file: its columns, what a cell may say, and what is told to HR about rows that cannot be taken."""
