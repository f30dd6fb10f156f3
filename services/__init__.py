"""The services of Tandem: profile, matching, scheduling, notification, and the console that drives them."""
