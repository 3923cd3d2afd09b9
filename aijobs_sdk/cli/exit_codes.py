"""How a command ends, for the scripts that call it."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """0 is success."""

    FAILED = 1
    """Everything was sent, and some of it failed."""
    BAD_INPUT = 2
    """Nothing was sent; click ends so as well when it cannot read the options."""
    INTERRUPTED = 130
    """Ctrl-C, as shells report it."""
    TERMINATED = 143
    """SIGTERM, likewise."""
