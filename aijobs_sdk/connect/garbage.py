"""How often a process that is ours alone looks for garbage. In somebody's notebook that is not for us to say."""

from __future__ import annotations

import gc

MANY_OBJECTS = 50_000
"""New ones to look through at a time. Python waits for 700: a hundred jobs under way have more, and live through it."""


def collect_seldom() -> None:
    """Spend a tenth less of the CPU on the same jobs, for a few megabytes of garbage."""
    _, *older = gc.get_threshold()
    gc.set_threshold(MANY_OBJECTS, *older)
