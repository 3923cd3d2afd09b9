"""`aijobs health`: the answer is printed whatever it is, and the exit code says whether it is a good one."""

from __future__ import annotations

import time

import click

from aijobs_sdk.cli.exit_codes import ExitCode
from aijobs_sdk.cli.options import json_option, url_option
from aijobs_sdk.connect.clients import Client
from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.contract.health import BreakerHealth, Health, PaceHealth, StoreHealth, WorkersHealth


@click.command()
@url_option
@json_option
def health(*, url: str | None, as_json: bool) -> None:
    """Tell whether jobs can be taken in and read.

    Exit code 0: they can. 1: the place where jobs are kept does not answer. 2: bad input.
    """
    found = ask_health(url)
    click.echo(found.model_dump_json(indent=2) if as_json else health_text(found))
    if not found.healthy:
        click.get_current_context().exit(ExitCode.FAILED)


def ask_health(url: str | None) -> Health:
    """Return how the backend at this address is, also where it cannot even be opened."""
    began_at = time.monotonic()
    try:
        with Client(url) as client:
            return client.health()
    except StoreUnavailableError as error:
        store = StoreHealth(reachable=False, seconds=time.monotonic() - began_at, problem=error.message)
        workers = WorkersHealth(running=False, in_flight=0, concurrency=0)
        return Health(healthy=False, store=store, workers=workers, breakers=())


def health_text(health: Health) -> str:
    """Return how a backend is, a line for each of its parts."""
    store, workers = health.store, health.workers
    answers = f"answers in {store.seconds * 1000:.1f} ms" if store.reachable else f"does not answer: {store.problem}"
    works = f"{workers.in_flight} of {workers.concurrency} places taken" if workers.running else "none in this process"
    lines = ["healthy" if health.healthy else "not healthy", f"store     {answers}", f"workers   {works}"]
    providers = (f"provider  {_breaker_text(one)}" for one in health.breakers)
    return "\n".join([*lines, *providers, *(f"pace      {_pace_text(one)}" for one in health.paces)])


def _breaker_text(breaker: BreakerHealth) -> str:
    again = "" if breaker.retry_at is None else f" until {breaker.retry_at:%H:%M:%S} UTC"
    return f"{breaker.provider}: {breaker.state}{again}, {breaker.failures} recent failures"


def _pace_text(pace: PaceHealth) -> str:
    place = "/".join(filter(None, (pace.provider, pace.region, pace.model)))
    rate = "" if pace.calls_per_second is None else f", {pace.calls_per_second:.3g} calls a second"
    pause = f", paused for {pace.paused_seconds:.3g} s" if pace.paused_seconds else ""
    return f"{place}: {pace.in_flight} of {pace.window} calls under way, {pace.waiting} waiting{rate}{pause}"
