"""Run the long ordeal on each database: `python -m benchmarks.torture [--jobs N] [--seconds N] [--seed N] …`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from statistics import median

from benchmarks.table import print_machine
from benchmarks.torture.ordeal import CRASH, FREEZE, KILL, LONG, Ordeal, Outcome, undergo
from services.postgres import running_postgres


def main() -> int:
    """Return the exit code: 0 where every promise was kept."""
    parser = argparse.ArgumentParser(description="Kill and freeze workers, crash the database, see that all jobs end.")
    parser.add_argument("--jobs", type=int, default=LONG.jobs)
    parser.add_argument("--seconds", type=float, default=LONG.seconds, help="for the submits and the strikes")
    parser.add_argument("--seed", type=int, default=LONG.seed)
    parser.add_argument("--workers", type=int, default=LONG.workers)
    parser.add_argument("--lease-seconds", type=float, default=LONG.lease_seconds)
    ordeal = Ordeal(**vars(parser.parse_args()))
    print_machine()
    with tempfile.TemporaryDirectory() as folder:
        on_sqlite = undergo(ordeal, f"sqlite:///{folder}/jobs.db")
        _print("SQLite", on_sqlite)
    with running_postgres() as server:
        on_postgres = undergo(ordeal, server.new_database(), server)
        _print("PostgreSQL", on_postgres)
    return 1 if on_sqlite.broken or on_postgres.broken else 0


def _print(database: str, outcome: Outcome) -> None:
    print(f"\n{database}: {outcome.jobs:,} jobs in {outcome.seconds:.0f} s, {len(outcome.broken)} promises broken")
    strikes = outcome.strikes
    print(f"  {strikes[KILL]} kills, {strikes[FREEZE]} freezes, {strikes[CRASH]} crashes of the database")
    print(f"  {outcome.hit} attempts hit, {outcome.lost} lost, {outcome.repeats} submits sent again")
    print(f"  attempts a job: {', '.join(f'{count:,} with {n}' for n, count in sorted(outcome.attempts.items()))}")
    for what, seconds in (("missed", outcome.missed), ("begun again", outcome.recovered)):
        if seconds:
            print(f"  {what} after a strike: median {median(seconds):.2f} s, longest {seconds[-1]:.2f} s")
    for problem in outcome.broken:
        print(f"  {problem}")


if __name__ == "__main__":
    sys.exit(main())
