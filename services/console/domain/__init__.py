"""What ends a command, and what a fact looks like to somebody who only reads. Standard library only."""
