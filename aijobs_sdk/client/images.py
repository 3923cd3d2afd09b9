"""From a picture as a caller names it to one that can travel in a payload."""

from __future__ import annotations

import base64
from pathlib import Path

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError

MOST_BYTES = 10_000_000
"""Vendors take no more for one picture, or little more."""
_KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}
"""What a picture's file begins with."""


def image_url(image: str | Path) -> str:
    """Return an address that a vendor can read: `https:` and `data:` as they are, a path as what its file holds.

    Raises:
        InvalidRequestError: there is no such file, or it is no picture that vendors take.
    """
    if isinstance(image, str) and image.startswith(("https://", "data:")):
        return image
    try:
        data = Path(image).read_bytes()
    except OSError as error:
        raise _unusable(f"names a file that cannot be read ({error.strerror})") from None
    kind = next((kind for begins, kind in _KINDS.items() if data.startswith(begins)), None)
    if kind is None:
        raise _unusable("names a file that is no PNG, JPEG, GIF or WebP")
    if len(data) > MOST_BYTES:
        raise _unusable(f"names a picture of {len(data):,} bytes; it may have {MOST_BYTES:,}")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _unusable(problem: str) -> InvalidRequestError:
    return InvalidRequestError(f"`images` {problem}.", fields=[FieldProblem(field="images", problem=problem)])
