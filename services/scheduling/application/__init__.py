"""What scheduling can do: one file per use case. The edge owns the transaction; a use case never commits."""
