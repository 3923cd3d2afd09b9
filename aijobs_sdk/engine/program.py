"""Whether the program is ending that jobs run in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


def is_program_ending() -> bool:
    """Return whether no thread takes anything in any more, which is so from the end of the main thread on.

    All else goes on for a while, loops in other threads as well; and there is no other sign of it that Python promises.
    """
    with ThreadPoolExecutor(1) as threads:
        try:
            threads.submit(_nothing)
        except RuntimeError:
            return True
    return False


def _nothing() -> None: ...
