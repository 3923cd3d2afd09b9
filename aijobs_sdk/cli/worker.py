"""`aijobs worker`: a process that runs jobs until it is told to stop."""

from __future__ import annotations

from typing import Any

import click

from aijobs_sdk.cli.ages import read_age
from aijobs_sdk.cli.exit_codes import ExitCode
from aijobs_sdk.cli.options import database_option, job_types_option, profile_option, seed_option
from aijobs_sdk.connect.worker import DEFAULT_GRACE_SECONDS, run_worker
from aijobs_sdk.engine.job_type import JobType


@click.command()
@database_option
@click.option(
    "--concurrency", type=click.IntRange(min=1), default=100, show_default=True, help="Jobs under way at a time."
)
@click.option(
    "--grace",
    type=float,
    metavar="SECONDS",
    default=DEFAULT_GRACE_SECONDS,
    show_default=True,
    help="How long running jobs may go on after a signal to stop.",
)
@click.option("--keep", metavar="AGE", help="Delete jobs that ended longer ago, such as 30d.  [default: keep all]")
@job_types_option
@seed_option
@profile_option
def worker(
    *,
    url: str | None,
    concurrency: int,
    grace: float,
    keep: str | None,
    job_types: list[JobType[Any]],
    seed: int,
    profile: str,
) -> None:
    """Run the jobs of a database until SIGINT (Ctrl-C) or SIGTERM.

    Then no more jobs are taken, those under way have the grace period to end, and what is left goes back without a
    loss of attempts. A second signal gives it back at once. The log goes to standard error; AIJOBS_LOG sets its level.

    Exit code 0: nothing was left behind. 1: a job would not stop; it runs again when its lease has run out. 2: bad
    input, nothing was begun.
    """
    stopped = run_worker(
        url,
        concurrency=concurrency,
        grace_seconds=grace,
        keep_jobs=None if keep is None else read_age(keep, option="--keep"),
        job_types=job_types,
        seed=seed,
        profile=profile,
    )
    if not stopped:
        click.get_current_context().exit(ExitCode.FAILED)
