"""The servers that are compared, ours first, and how each is installed and told what to answer."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.simulation.question import CANNED, PIECE, PROMPT
from benchmarks.simulation.server import Server, UnusableServerError, post

OURS = "mock_server"
LLMOCK = "0.2.2"
"""Julien Rabault's, from PyPI."""
AIMOCK = "1.43.0"
"""CopilotKit's, from npm."""
INSTALL_SECONDS = 300.0


class Competitor(NamedTuple):
    """A server, and how to get it."""

    name: str
    install: Callable[[Path], Server]
    """Into this folder, which it may make."""


def _ours(_: Path) -> Server:
    options = ("--profile", "instant", "--insecure-no-keys")
    return Server(lambda port: (sys.executable, "-m", "mock_server", "--port", str(port), *options))


def _llmock(folder: Path) -> Server:
    _run(sys.executable, "-m", "venv", str(folder))
    _run(str(folder / "bin" / "pip"), "install", "--quiet", f"llmock=={LLMOCK}")
    program = str(folder / "bin" / "llmock")

    def tell(address: str) -> None:
        reply = {"type": "reply", "text": CANNED, "times": None}
        post(f"{address}/_llmock/scenario", json.dumps({"behaviors": [reply]}))

    # Both peers without their log of requests, as ours has none.
    return Server(lambda port: (program, "serve", "--port", str(port), "--log-level", "warning"), tell)


def _aimock(folder: Path) -> Server:
    quietly = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
    _run("npm", "install", *quietly, "--prefix", str(folder), f"@copilotkit/aimock@{AIMOCK}")
    program = str(folder / "node_modules" / ".bin" / "llmock")  # the command had this name first
    fixture = folder / "fixture.json"
    answers = [{"match": {"userMessage": PROMPT}, "response": {"content": CANNED}}]
    fixture.write_text(json.dumps({"fixtures": answers}))
    options = ("--fixtures", str(fixture), "--chunk-size", str(len(PIECE)), "--log-level", "silent")
    return Server(lambda port: (program, "--port", str(port), *options))


COMPETITORS: Sequence[Competitor] = (
    Competitor(OURS, _ours),
    Competitor(f"llmock {LLMOCK}", _llmock),
    Competitor(f"AIMock {AIMOCK}", _aimock),
)


def _run(program: str, *arguments: str) -> None:
    """Run an installer.

    Raises:
        UnusableServerError: it is not there, or failed.
    """
    if shutil.which(program) is None:
        raise UnusableServerError(f"{program} is not installed")
    command = [program, *arguments]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise UnusableServerError(f"{' '.join(command)} took more than {INSTALL_SECONDS:.0f} s") from None
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip() or error.stdout.strip() or f"exit code {error.returncode}").splitlines()
        raise UnusableServerError(f"{' '.join(command)}: {said[-1]}") from None
