"""Profile: who a member is, what they offer and want, whether they take part."""
