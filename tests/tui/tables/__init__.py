"""A table on the whole screen, under Pilot."""
