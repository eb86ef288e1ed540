"""Many blobs moved: what a batch is to move, and the one scheduler that moves it."""
