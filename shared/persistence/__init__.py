"""Where state lives: transactions, aggregates, indexes. The only room of `shared` that imports the database driver."""
