"""`aijobs serve`: the job API over HTTP, until it is told to stop."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import click

from aijobs_sdk.cli.options import job_types_option, profile_option, seed_option, url_option
from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.engine.job_type import JobType

if TYPE_CHECKING:
    from aijobs_sdk.connect.serve import Served


@click.command()
@url_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--concurrency",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="Jobs under way at a time.",
)
@click.option("--max-active-jobs", type=click.IntRange(min=1), help="Unfinished jobs a tenant.  [default: any number]")
@click.option("--max-streams", type=click.IntRange(min=1), help="Event streams a tenant.  [default: 100]")
@click.option(
    "--requests-per-second",
    type=click.FloatRange(min=0, min_open=True),
    help="Of a tenant, as many of them at once.  [default: any number]",
)
@click.option("--insecure-no-keys", is_flag=True, help="Answer callers of this machine who show no key, too.")
@job_types_option
@seed_option
@profile_option
def serve(
    *,
    url: str | None,
    host: str,
    port: int,
    concurrency: int,
    max_active_jobs: int | None,
    max_streams: int | None,
    requests_per_second: float | None,
    insecure_no_keys: bool,
    job_types: list[JobType[Any]],
    seed: int,
    profile: str,
) -> None:
    """Serve the job API until SIGINT (Ctrl-C) or SIGTERM.

    The jobs that come are run here, too. Callers show a key: `aijobs keys create`. Over `memory://` it is the one in
    AIJOBS_API_KEY, or one is made and printed. What is under way at the end goes back without a loss of attempts. The
    log goes to standard error; AIJOBS_LOG sets its level.

    Exit code 0: it was told to stop. 2: bad input, or nobody can listen there.
    """
    if insecure_no_keys and not _is_loopback(host):
        raise click.UsageError("--insecure-no-keys is for callers of this machine: leave --host at 127.0.0.1.")
    try:
        from aijobs_sdk.connect.serve import run_server  # noqa: PLC0415 - an extra, and a second to import
    except ModuleNotFoundError as missing:
        raise ConfigurationError(f"A server needs {missing.name}: pip install 'aijobs-sdk[server]'.") from None
    run_server(
        url,
        host=host,
        port=port,
        concurrency=concurrency,
        max_active_jobs=max_active_jobs,
        max_streams=max_streams,
        requests_per_second=requests_per_second,
        insecure_no_keys=insecure_no_keys,
        job_types=job_types,
        seed=seed,
        profile=profile,
        tell=_show,
    )


def _show(served: Served) -> None:
    click.echo(f"The job API is at {served.url}/api. In another terminal:")
    click.echo(f"  export AIJOBS_URL={served.url}")
    if served.new_key is not None:
        click.echo(f"  export AIJOBS_API_KEY={served.new_key.get_secret_value()}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
