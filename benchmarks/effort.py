"""How much to measure: enough for figures to keep, or only enough to see that nothing broke."""

from __future__ import annotations

import argparse
from typing import NamedTuple


class Effort(NamedTuple):
    """Bounds on one run; whichever is reached first ends a measurement."""

    jobs: int
    """In a burst, and at most in a closed loop."""
    rounds: int
    """Times that everything is measured, one after the other; the best round counts."""
    loop_seconds: float
    """For one closed loop."""
    processes: int
    """Fresh interpreters a statement."""
    processes_seconds: float
    """For all the interpreters of one statement."""


FULL = Effort(jobs=10_000, rounds=5, loop_seconds=1.0, processes=20, processes_seconds=10.0)
QUICK = Effort(jobs=1_000, rounds=2, loop_seconds=0.1, processes=3, processes_seconds=0.5)


def asked_effort() -> Effort:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description="Measure, and print a table: us, the peer, the ratio.")
    parser.add_argument("--quick", action="store_true", help="a rough look that takes seconds")
    return QUICK if parser.parse_args().quick else FULL
