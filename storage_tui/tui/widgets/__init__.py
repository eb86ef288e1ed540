"""What is drawn on the screens: widgets render state and own focus, scroll and cursor, nothing else."""
