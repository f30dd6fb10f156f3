"""The list of what notification can do: one file per use case."""
