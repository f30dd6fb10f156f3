"""MongoDB on one machine: SecantusDB, a separate program behind a socket that is never imported."""
