"""Programs of their own that ask a scripted server."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

from wire.scripted_server import KEY, ScriptedServer


def environment(server: ScriptedServer) -> dict[str, str]:
    """Return the settings of a program that is to ask this server."""
    return os.environ | {"AIJOBS_URL": server.url, "AIJOBS_API_KEY": KEY}


def run(script: str, server: ScriptedServer, *, stdin: bytes = b"") -> tuple[str, str]:
    """Run a program to its end; return what it wrote and what it complained about."""
    # Python 3.12 and later warn of every fork in a program with threads.
    command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", textwrap.dedent(script)]
    ended = subprocess.run(command, input=stdin, capture_output=True, env=environment(server), timeout=30, check=False)
    return ended.stdout.decode(), ended.stderr.decode()


def throw(error: Exception) -> None:
    """Raise it, in whichever process this is called."""
    raise error
