"""The version of this program, read by the build too."""

__version__ = "0.1.0"
