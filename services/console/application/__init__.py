"""One file per thing that the command can do, and the ports it needs for that."""
