"""Tables as people send them: CSV in many dialects, XLSX. Rows of text with right line numbers; bad rows are told, never fatal."""
