"""What the browser knows, as plain Python without textual: it is tested without a terminal."""
