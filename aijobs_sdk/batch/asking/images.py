"""From a picture as a caller names it to one that can travel in a payload."""

from __future__ import annotations

import base64
from pathlib import Path

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.pictures import media_type
from aijobs_sdk.contract.refusal import bad_argument, path_of
from aijobs_sdk.contract.shapes import shape_of

MOST_BYTES = 10_000_000
"""Vendors take no more for one picture, or little more."""


def image_inputs(cell: object) -> list[dict[str, str]]:
    """Return the pictures of a cell, one or a list of them, as a payload holds them.

    Raises:
        InvalidRequestError: one of them is no picture that vendors take.
    """
    match cell:
        case str() | Path() | bytes():
            return [{"url": image_url(cell)}]
        case {"url": str(address)}:
            return [{"url": image_url(address)}]
        case list() | tuple():
            return [image for one in cell for image in image_inputs(one)]
        case _:
            raise _unusable(f"should be addresses, paths or the bytes of pictures, got {shape_of(cell)}")


def image_url(image: str | Path | bytes) -> str:
    """Return an address that a vendor can read: `https:` and `data:` as they are, a path as what its file holds.

    Raises:
        InvalidRequestError: there is no such file, or it is no picture that vendors take.
    """
    if isinstance(image, str) and image.startswith(("https://", "data:")):
        return _whole(image)
    if isinstance(image, str) and "://" in image:
        raise _unusable("names an address that is not `https`: vendors read no other; or give the path of a file")
    data = image if isinstance(image, bytes) else _read(image)
    kind = media_type(data)
    if kind is None:
        raise _unusable("names a file that is no PNG, JPEG, GIF or WebP")
    if len(data) > MOST_BYTES:
        raise _unusable(f"names a picture of more than {MOST_BYTES:,} bytes, which is the most that it may have")
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _whole(address: str) -> str:
    try:
        address.encode()
    except UnicodeEncodeError:
        raise _unusable("holds half a character (a lone surrogate); mend the address") from None
    return address


def _read(path: str | Path) -> bytes:
    try:
        with path_of("images", path).open("rb") as file:
            return file.read(MOST_BYTES + 1)  # a film, or a device, would be read without end
    except OSError as error:
        raise _unusable(f"names a file that cannot be read ({error.strerror})") from None


def _unusable(problem: str) -> InvalidRequestError:
    return bad_argument("images", problem)
