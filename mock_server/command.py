"""The command of `python -m mock_server`: simulated vendors, and jobs over them, at an address."""

from __future__ import annotations

import gc
import os
from typing import Literal

import click
from pydantic import SecretStr

from aijobs_sdk.cli.errors import BadInput
from aijobs_sdk.connect.garbage import collect_seldom
from aijobs_sdk.connect.listening import listen, serve_until_told, url_of
from aijobs_sdk.connect.logs import show_logs
from aijobs_sdk.contract.errors import AIJobsError
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.scenario import Scenario
from mock_server.app import MockApp
from mock_server.server import new_server
from mock_server.times import REAL, VIRTUAL


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535))
@click.option("--seed", type=int, help="The same seed answers the same.  [default: the scenario's, or 0]")
@click.option("--profile", help="instant, fast, typical or stress.  [default: the scenario's, or fast]")
@click.option("--scenario", type=click.Path(dir_okay=False), help="A file of rules, TOML or YAML.")
@click.option("--replay", type=click.Path(dir_okay=False), help="A recording (aijobs.record) to answer from.")
@click.option(
    "--replay-missing",
    type=click.Choice(["error", "simulate"]),
    default="error",
    show_default=True,
    help="What becomes of a request that was never recorded.",
)
@click.option(
    "--clock",
    type=click.Choice(["real", "virtual"]),
    default="real",
    show_default=True,
    help="Virtual time goes on like the real one, and `POST /_sim/clock` lets hours pass at once.",
)
@click.option(
    "--insecure-no-keys",
    is_flag=True,
    help="Answer callers who show no key; the job API: if they are of this machine.",
)
def mock_server(
    *,
    host: str,
    port: int,
    seed: int | None,
    profile: str | None,
    scenario: str | None,
    replay: str | None,
    replay_missing: Literal["error", "simulate"],
    clock: Literal["real", "virtual"],
    insecure_no_keys: bool,
) -> None:
    """Serve the job API, and simulated OpenAI, Anthropic, Bedrock and Google endpoints. Nothing leaves this machine.

    Vendors take any key. The job API takes the one in AIJOBS_API_KEY, or one that is made and printed.
    """
    time = VIRTUAL if clock == "virtual" else REAL

    def new_world() -> Mock:
        world = time.new_world()
        if scenario is not None:
            world.load(scenario)
        world.load(Scenario(seed=seed, profile=profile))
        if replay is not None:
            world.play(replay, missing=replay_missing)
        return world

    try:
        app = MockApp(new_world, keys_required=not insecure_no_keys, time=time)
        show_logs(os.environ)
        listener = listen(host, port)
    except AIJobsError as error:
        raise BadInput(error.message) from None
    with listener:
        _show(url_of(listener), None if insecure_no_keys else app.jobs.new_key)
        collect_seldom()
        gc.freeze()  # what is there by now stays: nobody has to look through it again and again
        serve_until_told(new_server(app, host=host, port=port), listener)


def _show(url: str, key: SecretStr | None) -> None:
    click.echo(f"Simulated vendors are at {url}, for example:")
    click.echo(f"  export OPENAI_BASE_URL={url}/v1")
    click.echo(f"  export ANTHROPIC_BASE_URL={url}")
    click.echo(f"The job API is at {url}/api. In another terminal:")
    click.echo(f"  export AIJOBS_URL={url}")
    if key is not None:
        click.echo(f"  export AIJOBS_API_KEY={key.get_secret_value()}")
