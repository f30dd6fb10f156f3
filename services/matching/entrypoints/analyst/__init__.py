"""`tandem match`: the engine alone on a people file, for an HR analyst: no server, one command, files out."""
