"""The options of a run of a batch, and what they are called in Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import click

from aijobs_sdk.batch.asking.recipe import OnNull

F = TypeVar("F", bound=Callable[..., Any])

out_option = click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="A .jsonl, .csv or .parquet file."
)
columns_option = click.option("--all-columns", is_flag=True, help="Write all there is to know of each row.")
budget_option = click.option("--budget", metavar="CREDITS", help="Pause before all runs together cost more.")
detach_option = click.option(
    "--detach/--no-detach",
    default=None,
    help="Run it in a process of its own.  [default: with a name, in a place that lasts]",
)


class Asked(TypedDict):
    """What is asked of each row."""

    prompt: tuple[str, ...]
    model: tuple[str, ...]
    system: str | None
    max_tokens: int | None
    temperature: float | None
    on_null: OnNull
    id: str | None


class Manner(TypedDict):
    """How the rows are run."""

    budget: str | None
    fail_fast: bool
    row_timeout: float | None
    deadline: float | None
    economy: bool
    detach: bool | None


class RunOptions(Asked, Manner):
    """All that a run may be told."""


def run_options(command: F) -> F:
    """Give a command the options about what is asked, and how."""
    for option in reversed(
        (
            click.option(
                "--prompt",
                required=True,
                multiple=True,
                metavar="TEMPLATE",
                help="Such as 'Summarise: {text}'; several for a conversation.",
            ),
            click.option(
                "--model",
                required=True,
                multiple=True,
                help="A name from `aijobs models`, or a template such as '{model}'; each row is asked of all.",
            ),
            click.option("--system", metavar="TEMPLATE", help="Instructions that stand before every prompt."),
            click.option("--max-tokens", type=int, metavar="N", help="The longest answer."),
            click.option("--temperature", type=float, metavar="T", help="0 to 2, as the model understands it."),
            click.option(
                "--on-null",
                type=click.Choice(["error", "skip"]),
                default="error",
                show_default=True,
                help="What to do about an empty cell that a prompt needs: refuse all, or leave its row out.",
            ),
            click.option("--id", metavar="COLUMN", help="A column that must be different in each row."),
            budget_option,
            click.option("--fail-fast", is_flag=True, help="Stop at the first row that fails."),
            click.option("--row-timeout", type=float, metavar="SECONDS", help="How long one row may take."),
            click.option("--deadline", type=float, metavar="SECONDS", help="How long the run may take."),
            click.option(
                "--economy", is_flag=True, help="Through the vendor's own batches: half the price, within a day."
            ),
            detach_option,
        )
    ):
        command = option(command)
    return command
