"""What happens between a key and its end: ask in a dialog, then act; one file an action."""
