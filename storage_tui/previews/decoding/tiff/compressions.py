"""The compressions of TIFF by their numbers, and which of them are decoded (TIFF 6.0 and its registered extensions)."""

NONE, CCITT, FAX_3, FAX_4, LZW, OLD_JPEG, JPEG, DEFLATE, CCITT_WORDS = 1, 2, 3, 4, 5, 6, 7, 8, 32771
PACKBITS, OLD_DEFLATE, LZMA, ZSTD, WEBP = 32773, 32946, 34925, 50000, 50001
PICTURE = -1  # of no TIFF: each block is a file, as a map tile is
JPEG_2000S = frozenset((33005, 34712))  # codestreams of samples as they are; 33003 and 33004 are of YCbCr

FAXES = frozenset((CCITT, FAX_3, FAX_4, CCITT_WORDS))
DEFLATES = frozenset((DEFLATE, OLD_DEFLATE))
BY_LIBTIFF = frozenset((LZW, PACKBITS, LZMA, ZSTD))  # any content: the unpacking does not depend on the samples
PREDICTED = frozenset((LZW, LZMA, ZSTD)) | DEFLATES  # the tag Predictor means nothing in others, as in libtiff
SUPPORTED = frozenset((NONE, JPEG, WEBP)) | JPEG_2000S | FAXES | DEFLATES | BY_LIBTIFF

NAMES = {
    PICTURE: "picture",
    NONE: "none", CCITT: "CCITT", FAX_3: "fax G3", FAX_4: "fax G4", LZW: "LZW", OLD_JPEG: "old JPEG", JPEG: "JPEG",
    DEFLATE: "deflate", OLD_DEFLATE: "deflate", CCITT_WORDS: "CCITT", PACKBITS: "PackBits", LZMA: "LZMA", ZSTD: "zstd",
    WEBP: "WebP", 9: "JBIG", 10: "JBIG", 32766: "NeXT", 32809: "ThunderScan", 33003: "JPEG 2000", 33004: "JPEG 2000",
    33005: "JPEG 2000", 34661: "JBIG", 34676: "SGI LogLuv", 34677: "SGI LogLuv", 34712: "JPEG 2000", 34887: "LERC",
    34892: "lossy JPEG", 34926: "old zstd", 34927: "old WebP", 34933: "PNG", 34934: "JPEG XR", 22610: "JPEG XR",
    50002: "JPEG XL", 52546: "JPEG XL", 65000: "Pixar film", 32908: "Pixar film", 32909: "Pixar log",
    32947: "Kodak DCS",
}  # fmt: skip


def compression_name(code: int) -> str:
    """Return the name of a compression for people."""
    return NAMES.get(code, f"compression {code}")
