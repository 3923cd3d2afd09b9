"""A program of its own, for what happens at its end, in its children, or once in a process."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def run(script: str) -> subprocess.CompletedProcess[str]:
    # Python 3.12 and later warn of every fork in a program with threads.
    command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", textwrap.dedent(script)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
