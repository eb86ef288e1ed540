"""python -m storage_tui: the same as the storage-tui command."""

from storage_tui.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
