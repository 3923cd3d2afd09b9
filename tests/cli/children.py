"""Commands as children of a test: Ctrl-C reaches them whatever the parent ignores, and none outlives its test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Who ignores SIGINT, as shells let what they start in the background do, has children that ignore it.
HEARS_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
AIJOBS = [sys.executable, "-c", f"{HEARS_CTRL_C}from aijobs_sdk.cli.main import main; main()"]
MOCK_SERVER = [sys.executable, "-m", "mock_server"]
A_MINUTE = 60


@contextmanager
def child(
    command: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a command beside the block, and not after it; `env` is added to the environment."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=os.environ | (env or {}),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str], name: str) -> str:
    """Return what a server has printed for this variable."""
    assert process.stdout is not None
    found = (re.search(rf"\b{name}=(\S+)", line) for line in process.stdout)
    value = next((match[1] for match in found if match), None)
    assert value is not None, f"it ended without saying {name}"
    return value


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit code, and what was said on standard error."""
    _, errors = process.communicate(timeout=A_MINUTE)
    return process.returncode, errors
