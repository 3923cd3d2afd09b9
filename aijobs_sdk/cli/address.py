"""The `--url` of a command, in the words it says to somebody: no password is repeated."""

from __future__ import annotations

import os
import shlex
from urllib.parse import urlsplit

from aijobs_sdk.connect.settings import Settings


def shown_url(url: str) -> str:
    """Return an address as it may be copied from a terminal; one that holds a password is left to the reader."""
    return "URL" if urlsplit(url).password else shlex.quote(url)


def is_kept(url: str | None) -> bool:
    """Return whether what is at this address, or at the usual one, is there after this process."""
    return urlsplit(Settings.read(os.environ, url=url).url).scheme != "memory"
