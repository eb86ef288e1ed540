"""Queries by SQL over blobs."""
