"""`aijobs submit` and `aijobs watch`: one job, for a person or for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import aijobs_sdk
from aijobs_sdk.cli.commands import aijobs


@pytest.fixture(autouse=True)
def sim() -> Iterator[aijobs_sdk.Mock]:
    """A world in which the answer is known."""
    with aijobs_sdk.mock() as world:
        world.on().do(aijobs_sdk.ok("The river runs."))
        yield world


def submit(*arguments: str) -> Result:
    return CliRunner().invoke(aijobs, ["submit", "A haiku", "--model", "gpt-5.2", *arguments])


@pytest.mark.parametrize("stream", [[], ["--stream"]])
def test_the_answer_is_printed(stream: list[str]) -> None:
    result = submit(*stream)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "The river runs.\n", "")


def test_json_is_the_job_record() -> None:
    record = json.loads(submit("--json").stdout)
    assert (record["status"], record["result"]["content"]) == ("completed", "The river runs.")


def test_a_stream_beside_json_goes_to_standard_error() -> None:
    result = submit("--json", "--stream")
    assert json.loads(result.stdout)["status"] == "completed"
    assert result.stderr == "The river runs.\n"


def test_a_stream_that_breaks_off_begins_again(sim: aijobs_sdk.Mock) -> None:
    sim.on().do(aijobs_sdk.fail("reset", after_tokens=60), aijobs_sdk.ok("The river runs."))
    result = submit("--stream")
    assert result.stdout.endswith("The river runs.\n")
    assert "Once more from the start" in result.stderr


@pytest.mark.parametrize("options", [[], ["--stream"]])
def test_a_job_that_fails_ends_with_exit_code_1(sim: aijobs_sdk.Mock, options: list[str]) -> None:
    sim.on().do(aijobs_sdk.fail("content_filter"))
    result = submit(*options)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "failed after 1 attempt: openai refused to answer" in result.stderr


def test_a_failed_job_is_json_too(sim: aijobs_sdk.Mock) -> None:
    sim.on().do(aijobs_sdk.fail("content_filter"))
    result = submit("--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (1, "content_filtered")


def test_a_payload_file_holds_all_the_fields(tmp_path: Path) -> None:
    path = tmp_path / "payload.json"
    path.write_text('{"prompt": "A haiku", "model": "claude-sonnet-4.5", "max_tokens": 50}')
    result = CliRunner().invoke(aijobs, ["submit", "--payload", str(path), "--json"])
    assert json.loads(result.stdout)["payload"]["max_tokens"] == 50


@pytest.mark.filterwarnings("ignore::aijobs_sdk.UnusedRuleWarning")  # it asks no provider
def test_another_job_type_prints_its_result_as_json(tmp_path: Path) -> None:
    path = tmp_path / "payload.json"
    path.write_text('{"echo": {"a": 1}}')
    result = CliRunner().invoke(aijobs, ["submit", "--type", "test_job", "--payload", str(path)])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["echo"] == {"a": 1}
