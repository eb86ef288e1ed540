"""One blob moved: where its bytes come from, where they go, and what stays of it when it is cut off."""
