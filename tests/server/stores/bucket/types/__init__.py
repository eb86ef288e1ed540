"""Storage types as prefixes of a bucket."""
