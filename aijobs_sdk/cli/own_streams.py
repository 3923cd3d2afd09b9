"""The three streams of a program, so that each is there, and nothing that is to be said cannot be written."""

from __future__ import annotations

import codecs
import errno
import io
import json
import os
import sys
from typing import TextIO, cast

_ESCAPED = "aijobs.escaped"
_REFUSES = {"strict", "surrogateescape"}
"""How a stream meets a character that its encoding does not have, where it raises an error."""
UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""A full disk, a quota that is used up, a file that may not grow, a terminal that is gone."""


def ready_streams() -> None:
    """Let standard output take every text; a stream that the caller has closed leads nowhere.

    What a job wrote is paid for, and may be in a script that the encoding of a pipe on Windows does not have.
    """
    # Opened in this order, they take the places of those that were closed, and no database is opened there.
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    sys.stderr = sys.stderr or _nowhere("w")
    codecs.register_error(_ESCAPED, _escape)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in _REFUSES:
        sys.stdout.reconfigure(errors=_ESCAPED)


def let_output_go() -> None:
    """Let what standard output could not take lead nowhere: Python would try once more to write it, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _nowhere(mode: str) -> TextIO:
    return cast("TextIO", os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""Return what cannot be encoded as JSON writes it, `\u6f22`, which it reads as well."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
