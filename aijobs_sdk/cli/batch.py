"""`aijobs batch`: a prompt over every row of a file, and what is known of the batches that have a name."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Unpack

import click

from aijobs_sdk.batch.row import ALL_COLUMNS, FIXED_COLUMNS
from aijobs_sdk.batch.writing.destination import check_folder, check_output
from aijobs_sdk.cli.batch_named import Named
from aijobs_sdk.cli.batch_options import RunOptions, columns_option, out_option, run_options
from aijobs_sdk.cli.batch_run import Run
from aijobs_sdk.cli.batch_summary import Summary
from aijobs_sdk.cli.batches import NAMED_COMMANDS
from aijobs_sdk.cli.exit_codes import ExitCode
from aijobs_sdk.cli.open_client import open_client
from aijobs_sdk.cli.options import json_option, profile_option, seed_option, url_option
from aijobs_sdk.client.batch import Batch
from aijobs_sdk.client.client import Client as ClientOver
from aijobs_sdk.connect.servers import is_server
from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.usage.exports.export import export_usage


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@run_options
@out_option
@columns_option
@click.option("--name", help="Keep a journal: the same command goes on where it was stopped.")
@url_option
@click.option("--usage-dir", type=click.Path(path_type=Path), help="Export the usage rows of this batch here.")
@click.option(
    "--concurrency", type=click.IntRange(min=1), default=50, show_default=True, help="Rows under way at a time."
)
@seed_option
@profile_option
@click.option("--yes", is_flag=True, help="Do not ask, whatever it costs.")
@json_option
def run(
    file: Path,
    *,
    out: Path,
    all_columns: bool,
    name: str | None,
    url: str | None,
    usage_dir: Path | None,
    concurrency: int,
    seed: int,
    profile: str,
    yes: bool,
    as_json: bool,
    **options: Unpack[RunOptions],
) -> None:
    """Run a prompt over every row of FILE (.jsonl, .csv or .parquet).

    Exit code 0: all rows completed. 1: some failed, their errors are in the output; or the batch stopped before its
    end, and nothing was written. 2: bad input, nothing was sent.
    """
    check_output(out)
    if usage_dir is not None:
        check_folder(usage_dir)
    settings = Settings.read(os.environ, url=url)
    workers = None if is_server(settings.url) else concurrency  # a server has its own
    named = None if name is None else Named(name, url)
    with open_client(url, seed=seed, profile=profile, concurrency=workers) as client:
        batch = _open(client, file, name=name, concurrency=concurrency, options=options)
        costs = is_server(settings.url) or not settings.mock_mode
        Run(client, batch, named, quiet=as_json).to_its_end(batch.run, asks=costs and not yes)
        batch.write(out, outputs=ALL_COLUMNS if all_columns else FIXED_COLUMNS)
        files = [] if usage_dir is None else export_usage(batch.usage(), usage_dir, format="csv")
        summary = Summary(batch.progress, tuple(batch.failures.by_cause()), name, out, tuple(files))
    click.echo(json.dumps(summary.to_json(), indent=2) if as_json else summary.to_text())
    if summary.progress.failed:
        click.get_current_context().exit(ExitCode.FAILED)


def _open(client: ClientOver, file: Path, *, name: str | None, concurrency: int, options: RunOptions) -> Batch:
    return client.batch(
        file,
        prompt=_one_or_all(options["prompt"]),
        model=_one_or_all(options["model"]),
        name=name,
        system=options["system"],
        max_tokens=options["max_tokens"],
        temperature=options["temperature"],
        on_null=options["on_null"],
        id=options["id"],
        concurrency=concurrency,
        budget=options["budget"],
        fail_fast=options["fail_fast"],
        row_timeout=options["row_timeout"],
        deadline=options["deadline"],
        economy=options["economy"],
        detach=options["detach"],
    )


def _one_or_all(given: tuple[str, ...]) -> str | list[str]:
    return given[0] if len(given) == 1 else list(given)


class FileOrCommand(click.Group):
    """Runs a FILE where its first word is none of its commands; a file that is called like one is named by `./list`."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's own signature
    ) -> click.Context:
        """Return the context of what the words ask for."""
        is_own = not args or args[0] in self.commands or args[0] in (parent.help_option_names if parent else ())
        if is_own:
            return super().make_context(info_name, args, parent, **extra)
        return run.make_context(info_name, args, parent, **extra)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write both ways to use it."""
        formatter.write_usage(ctx.command_path, "FILE [OPTIONS]")
        formatter.write_usage(ctx.command_path, "COMMAND NAME [OPTIONS]", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what may be said of a FILE, then the commands."""
        click.Command.format_options(run, ctx, formatter)
        self.format_commands(ctx, formatter)


batch = FileOrCommand("batch", commands=NAMED_COMMANDS, help=run.help)
