"""The rows of tables by position, against what pyarrow and Python's csv say of the same files."""
