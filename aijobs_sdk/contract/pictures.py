"""Pictures as a page shows them: those on this machine within the page, all others as a link that nobody follows."""

from __future__ import annotations

import stat
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from aijobs_sdk.markup import Markup, element, markup

EMBEDDED_BYTES = 8_000_000
"""Of the pictures of one gallery, so many bytes are put into the page; the others are named."""
SHOWN_WIDTH = 320
"""Pixels that a picture takes at most; the page holds all of it."""
A_ROW = 3

_KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


class Picture(Protocol):
    """What is known of a picture."""

    @property
    def url(self) -> str:
        """Where it is."""
        ...

    @property
    def width(self) -> int:
        """Pixels, as `height`."""
        ...

    @property
    def height(self) -> int:
        """See above."""
        ...


def gallery(pictures: Iterable[Picture]) -> Markup:
    """Return the pictures side by side, each with its name and size."""
    left = EMBEDDED_BYTES
    cells: list[Markup] = []
    for picture in pictures:
        data, why_not = _read(picture.url, at_most=left)
        left -= len(data)
        cells.append(element("td", _shown(picture, data, why_not), style="text-align:left"))
    rows = [element("tr", *cells[start : start + A_ROW]) for start in range(0, len(cells), A_ROW)]
    return element("table", element("tbody", *rows)) if rows else Markup()


def _shown(picture: Picture, data: bytes, why_not: str) -> Markup:
    name = _split(picture.url).path.rpartition("/")[2] or picture.url
    size = f"{picture.width} x {picture.height} pixels"
    caption = markup(_link(picture.url, name), element("br"), size)
    if not data:
        return markup(caption, element("br"), f"not shown: {why_not}")
    source = f"data:{media_type(data)};base64,{b64encode(data).decode()}"
    image = element("img", src=source, alt=f"{name}, {size}", width=min(picture.width, SHOWN_WIDTH))
    return markup(image, element("br"), caption)


def _link(url: str, name: str) -> Markup:
    if _split(url).scheme in {"http", "https"}:
        return element("a", name, href=url, rel="nofollow")
    return element("code", name, title=url)


def _read(url: str, *, at_most: int) -> tuple[bytes, str]:
    """Return what a file of this machine holds; or nothing, and why.

    An address may come from elsewhere: only what is a picture leaves its file, and nobody else is asked.
    """
    parts = _split(url)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        return b"", "it is not on this machine"
    from urllib.request import url2pathname  # noqa: PLC0415 - it brings HTTP, and few pictures are looked at

    try:
        path = Path(url2pathname(parts.path))
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return b"", "this is no file"
        if found.st_size > at_most:
            return b"", f"its {found.st_size:,} bytes would make the notebook too large"
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # a name may hold what no name can
        return b"", f"it cannot be read ({type(error).__name__})"
    return (data, "") if media_type(data) else (b"", "the file is no picture that a page can show")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # what is no address is at least named
        return SplitResult("", "", url, "", "")


def media_type(data: bytes) -> str | None:
    """Return what kind of picture this is, by how it begins: no name and no header is believed."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for beginning, kind in _KINDS.items() if data.startswith(beginning)), None)
