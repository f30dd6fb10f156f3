"""Profile speaks outwards: its collections, its facts and records, uploaded files, reference lists."""
