"""The client of a command: whoever waits at a terminal for a server is told why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from aijobs_sdk.backends.http.hooks import HttpHooks, RetryPlanned
from aijobs_sdk.backends.http.limits import HttpLimits
from aijobs_sdk.connect.clients import Client
from aijobs_sdk.connect.settings import DEFAULT_PROFILE
from aijobs_sdk.engine.job_type import JobType


def open_client(
    url: str | None,
    *,
    concurrency: int | None = 0,
    seed: int = 0,
    profile: str = DEFAULT_PROFILE,
    job_types: Iterable[JobType[Any]] = (),
) -> Client:
    """Return a client at an address; by default no jobs run in this process."""
    return Client(
        url,
        concurrency=concurrency,
        seed=seed,
        profile=profile,
        job_types=job_types,
        http_hooks=HttpHooks(retry=[_Waiting().tell]),
    )


class _Waiting:
    """Says once, to standard error, that a server is waited for: it may be starting, or gone."""

    def __init__(self) -> None:
        self._was_told = False

    def tell(self, planned: RetryPlanned) -> None:
        """Say why the server is asked again."""
        if not self._was_told:
            seconds = HttpLimits().retry_seconds
            click.echo(
                f"Waiting for the server ({planned.reason}): for {seconds:g} s at most, or, where a job is followed, "
                "until it is back.",
                err=True,
            )
            self._was_told = True
