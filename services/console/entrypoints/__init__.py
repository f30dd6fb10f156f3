"""The commands: read arguments, call a use case, show what came out."""
