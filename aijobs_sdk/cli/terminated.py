"""SIGTERM, which ends a command as Ctrl-C does: with a word on what goes on without it."""

from __future__ import annotations

import signal


class Terminated(KeyboardInterrupt):
    """Somebody, such as a supervisor, wants this process to end."""


def hear_sigterm() -> None:
    """Let SIGTERM be raised here from now on, once, where nobody wanted it to be ignored; another ends it at once."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end)


def _end(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise Terminated
