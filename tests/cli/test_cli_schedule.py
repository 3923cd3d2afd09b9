"""`aijobs schedule`, as somebody uses it in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aijobs_sdk.cli.commands import aijobs


def run(*arguments: str) -> Result:
    return CliRunner().invoke(aijobs, ["schedule", *arguments])


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/jobs.db"


def add(url: str, *more: str) -> Result:
    return run("add", "nightly", "Hello", "--model", "gpt-5.2", "--cron", "0 3 * * *", "--url", url, *more)


def test_a_schedule_is_added_listed_and_removed(url: str) -> None:
    assert add(url, "--timezone", "Europe/Berlin").output.startswith("nightly: next at 20")
    listed = run("list", "--url", url).output
    assert listed.startswith("nightly\tai_generation\t0 3 * * * Europe/Berlin\tnext 20")
    assert run("remove", "nightly", "--url", url).output == "nightly: removed\n"
    assert run("list", "--url", url).output == ""


def test_a_program_reads_schedules_as_json_without_their_prompts(url: str) -> None:
    add(url)
    listed = run("list", "--json", "--url", url).output
    [schedule] = json.loads(listed)
    assert (schedule["name"], schedule["cron"], schedule["last_run_at"]) == ("nightly", "0 3 * * *", None)
    assert "Hello" not in listed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "nightly", "Hello", "--model", "gpt-5.2", "--cron", "often"], "`cron` must be five fields"),
        (["add", "nightly", "Hello", "--model", "gpt-5", "--cron", "0 3 * * *"], "gpt-5.2"),
        (["add", "", "Hello", "--model", "gpt-5.2", "--cron", "0 3 * * *"], "`name`"),
        (["remove", "nightly"], "No schedule 'nightly'"),
    ],
)
def test_bad_input_is_named_and_ends_with_code_2(url: str, arguments: list[str], message: str) -> None:
    Path(url.removeprefix("sqlite:///")).touch()
    ended = run(*arguments, "--url", url)
    assert (ended.exit_code, message in ended.output) == (2, True), ended.output
