"""To be told what there is takes as good as nothing."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from aijobs_sdk.cli.commands import aijobs

CONTEXT = click.Context(aijobs)
HEAVY = ("pydantic", "rich", "duckdb", "httpx", "aijobs_sdk.client", "aijobs_sdk.batch", "aijobs_sdk.engine")


def test_help_loads_no_command() -> None:
    code = "import sys\nsys.argv = ['aijobs', '--help']\nfrom aijobs_sdk.cli.main import main\nmain()"
    ended = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True)
    loaded = [line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()]

    assert "click" in loaded
    assert [name for name in loaded if name.startswith(HEAVY)] == []


@pytest.mark.parametrize("name", aijobs.list_commands(CONTEXT))
def test_what_help_says_of_a_command_is_what_it_says_of_itself(name: str) -> None:
    command = aijobs.get_command(CONTEXT, name)
    told = CliRunner().invoke(aijobs, ["--help"]).output.splitlines()

    assert command is not None
    assert [f"  {name:<8}  {command.get_short_help_str(100)}"] == [
        line for line in told if line.startswith(f"  {name} ")
    ]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("sumbit", "No such command 'sumbit'. Did you mean 'submit'?"),
        ("x" * 101, f"No such command '{'x' * 100}…'. Known: {', '.join(aijobs.list_commands(CONTEXT))}."),
    ],
)
def test_a_command_that_there_is_not_is_met_with_the_nearest(asked: str, told: str) -> None:
    result = CliRunner().invoke(aijobs, [asked])
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, f"Error: {told}")
