"""Messages in words: catalogues, letters, layouts. English and German; the recipient's language decides (N16)."""
