"""Programs in a terminal of their own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def run_in_a_terminal(code: str, *, columns: int = 80, term: str = "xterm-256color") -> str:
    """Run Python with all its streams on a terminal; return all that was written to that."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
    env |= {"TERM": term, "PYTHONPATH": _path()}
    with subprocess.Popen([sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs, env=env) as program:
        os.close(theirs)
        written = b"".join(_read(ours))
        program.wait(60)
    os.close(ours)
    return written.decode()


def run_in_a_pipe(code: str) -> str:
    """Run Python where a program reads; return what was written to standard error."""
    env = os.environ | {"PYTHONPATH": _path()}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=env, check=True
    ).stderr


def last_line(written: str) -> str:
    """Return what stands in the last line that is not empty, without what moved the cursor there."""
    *_, last = (line for line in re.split(r"[\r\n]+", CONTROL.sub("", written)) if line.strip())
    return last


def _path() -> str:
    return os.pathsep.join(map(str, (TESTS.parent, TESTS)))


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says that nobody writes any more
            return
        if not piece:
            return
        yield piece
