"""What profile can do: one file per use case. A use case never commits; its caller owns the transaction."""
