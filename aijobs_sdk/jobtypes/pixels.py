"""What a picture is, read from its bytes: whatever its sender says."""

from __future__ import annotations

import io
import struct
import zlib
from typing import NamedTuple

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.providers.failures import UNREADABLE

_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER, _DATA, _END = b"IHDR", b"IDAT", b"IEND"
_HEADER_BYTES = 13
_AROUND = 12
"""Bytes of a chunk of PNG beside its data: length, name, checksum."""


class Pixels(NamedTuple):
    """A picture's format and size."""

    media_type: str
    width: int
    height: int

    @property
    def ending(self) -> str:
        """What the name of its file ends in."""
        return self.media_type.removeprefix("image/")


def read_pixels(data: bytes, *, provider: str) -> Pixels:
    """Return what the picture is: PNG, JPEG or WebP, whole.

    Raises:
        ProviderError: it is none of these, or only a part of one; or it is no PNG, and Pillow is not installed.
    """
    found = _read_png(data) if data.startswith(_PNG) else _read_other(data, provider)
    if found is None or not (found.width and found.height):
        raise UNREADABLE.replace(reason="no picture, or a part of one").error(provider)
    return found


def _read_png(data: bytes) -> Pixels | None:
    place, size, names = len(_PNG), (0, 0), [b""]
    while place + _AROUND <= len(data) and names[-1] != _END:
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + _AROUND + length
        if end > len(data) or struct.unpack_from(">I", data, end - 4)[0] != zlib.crc32(data[place + 4 : end - 4]):
            return None
        if name == _HEADER and length == _HEADER_BYTES:
            size = struct.unpack_from(">II", data, place + 8)
        names.append(name)
        place = end
    is_whole = names[1:2] == [_HEADER] and _DATA in names and names[-1] == _END
    return Pixels("image/png", *size) if is_whole else None


def _read_other(data: bytes, provider: str) -> Pixels | None:
    try:
        from PIL import Image  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise _cannot_read(provider) from None
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "WEBP")) as picture:
            picture.load()  # the head alone says nothing about the rest
            return Pixels(f"image/{str(picture.format).lower()}", *picture.size)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def _cannot_read(provider: str) -> ProviderError:
    return ProviderError(
        f"{provider} sent a picture that is no PNG, and Pillow, which reads others, is not installed: "
        "pip install 'aijobs-sdk[images]'.",
        code="provider_not_configured",
        category=ErrorCategory.DEPENDENCY,
        provider=provider,
        retryable=False,
    )
