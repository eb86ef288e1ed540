"""The supported compressions of TIFF, by their numbers (TIFF 6.0 and its registered extensions)."""

NONE, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE, LZMA, ZSTD, WEBP = 1, 5, 7, 8, 32773, 32946, 34925, 50000, 50001
BY_LIBTIFF = frozenset((LZW, PACKBITS, LZMA, ZSTD))
SUPPORTED = frozenset((NONE, JPEG, DEFLATE, OLD_DEFLATE, WEBP)) | BY_LIBTIFF
