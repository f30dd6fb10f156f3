"""The message path, measured beside loops written by hand on the same servers in the same run."""
