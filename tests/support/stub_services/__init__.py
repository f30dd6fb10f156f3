"""Programs that behave like services towards the launcher, and nothing more."""
