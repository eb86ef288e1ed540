"""The compressions of TIFF that are unpacked here, by their numbers (TIFF 6.0 and its registered extensions)."""

NONE, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE, WEBP = 1, 5, 7, 8, 32773, 32946, 50001
SUPPORTED = frozenset((NONE, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE, WEBP))
