"""`python -m mock_server`: simulated vendors at an address."""

from __future__ import annotations

import gc
from typing import Literal

import click

from aijobs_sdk.contract.errors import AIJobsError
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.scenario import Scenario
from mock_server.server import new_server


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
@click.option("--insecure-no-keys", is_flag=True, help="Answer callers who show no key, too.")
def main(
    *,
    host: str,
    port: int,
    seed: int | None,
    profile: str | None,
    scenario: str | None,
    replay: str | None,
    replay_missing: Literal["error", "simulate"],
    insecure_no_keys: bool,
) -> None:
    """Serve simulated OpenAI, Anthropic, Bedrock and Google endpoints. Nothing is sent anywhere else."""

    def new_world() -> Mock:
        world = Mock(virtual=False)
        if scenario is not None:
            world.load(scenario)
        world.load(Scenario(seed=seed, profile=profile))
        if replay is not None:
            world.play(replay, missing=replay_missing)
        return world

    try:
        new_world()
        server = new_server(new_world, host=host, port=port, keys_required=not insecure_no_keys)
    except AIJobsError as error:
        raise click.ClickException(error.message) from None
    click.echo(f"Simulated vendors at http://{host}:{port}, for example:")
    click.echo(f"  OPENAI_BASE_URL=http://{host}:{port}/v1")
    click.echo(f"  ANTHROPIC_BASE_URL=http://{host}:{port}")
    gc.freeze()  # what is there by now stays: nobody has to look through it again and again
    server.run()


if __name__ == "__main__":
    main()
