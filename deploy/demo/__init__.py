"""The demo: a believable company, a scripted crowd, and the story from a people file to held sessions."""
