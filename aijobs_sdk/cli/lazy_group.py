"""A group of commands of which each is loaded when it runs: to be told what there is takes none of them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from aijobs_sdk.cli.errors import interrupted


class Entry(NamedTuple):
    """A command, before it is loaded."""

    home: str
    """The module that it is in, under its own name."""
    about: str
    """The first sentence of its help."""


class LazyGroup(click.Group):
    """Knows its commands by name and a line about each."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **options: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*args, **options)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, loaded; None where there is none of this name."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(entry.home), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is asked for, and what is left for it."""
        if args[0] not in self.entries and not args[0].startswith("-"):
            from aijobs_sdk.contract.shapes import nearest, shortened  # noqa: PLC0415 - help needs none of it

            ctx.fail(f"No such command {shortened(args[0])!r}.{nearest(args[0], self.entries)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what there is, without loading it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.entries[name].about) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command."""
        try:
            from aijobs_sdk.cli.outcomes import of_a_command  # noqa: PLC0415 - help needs none of it

            with of_a_command():
                return super().invoke(ctx)
        except KeyboardInterrupt as told:
            raise interrupted("Interrupted.", by=told) from None
