"""`aijobs submit` and `aijobs watch`: one job, for a person or for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click import ClickException
from click.testing import CliRunner, Result

import aijobs_sdk
from aijobs_sdk.cli.commands import aijobs
from aijobs_sdk.cli.submit import told_where_it_goes_on


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
    assert (result.exit_code, result.stdout) == (0, "The river runs.\n")


def test_json_is_the_job_record() -> None:
    record = json.loads(submit("--json").stdout)
    assert (record["status"], record["result"]["content"]) == ("completed", "The river runs.")


def test_a_stream_beside_json_goes_to_standard_error() -> None:
    result = submit("--json", "--stream")
    assert json.loads(result.stdout)["status"] == "completed"
    assert result.stderr == "The river runs.\n"


def test_a_job_that_cannot_be_followed_is_not_said_to_be_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    with aijobs_sdk.Client(url) as client:
        job = client.submit("A haiku", model="gpt-5.2")
        with pytest.raises(ClickException) as ended, told_where_it_goes_on(job, url):
            raise aijobs_sdk.AuthenticationError("The key was revoked.")
        assert job.result().content == "The river runs."
    assert ended.value.exit_code == 1
    assert f"aijobs watch {job.id} --url {url}" in capsys.readouterr().err


def test_a_stream_that_breaks_off_begins_again(sim: aijobs_sdk.Mock) -> None:
    sim.on().do(aijobs_sdk.fail("reset", after_tokens=60), aijobs_sdk.ok("The river runs."))
    result = submit("--stream")
    assert result.stderr.endswith("\n[The answer broke off. Once more from the start:]\nThe river runs.\n")


def test_of_an_answer_that_broke_off_nothing_is_in_a_file(sim: aijobs_sdk.Mock) -> None:
    sim.on().do(aijobs_sdk.fail("reset", after_tokens=60), aijobs_sdk.ok("The river runs."))
    assert submit("--stream").stdout == "The river runs.\n"


def test_a_terminal_shows_an_answer_while_it_is_written_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aijobs_sdk.cli.submit.sys", SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True)))
    result = submit("--stream")
    assert (result.stdout, result.stderr) == ("The river runs.\n", "")


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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_payload_file_holds_all_the_fields(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "payload.json"
    path.write_text('{"prompt": "A haiku", "model": "claude-sonnet-4.5", "max_tokens": 50}', encoding)
    result = CliRunner().invoke(aijobs, ["submit", "--payload", str(path), "--json"])
    assert json.loads(result.stdout)["payload"]["max_tokens"] == 50


def draw(folder: Path, *arguments: str, **payload: object) -> Result:
    path = folder / "payload.json"
    path.write_text(json.dumps({"prompt": "a red fox", **payload}))
    command = ["submit", "--type", "image_generation", "--payload", str(path), *arguments]
    return CliRunner(env={"AIJOBS_ARTIFACTS": str(folder / "my art")}).invoke(aijobs, command)


@pytest.mark.parametrize("stream", [[], ["--stream"]])
def test_a_picture_is_shown_by_its_path_its_size_and_what_it_cost(tmp_path: Path, stream: list[str]) -> None:
    result = draw(tmp_path, *stream, size="1536x1024", quality="low")
    [path] = (tmp_path / "my art").rglob("*.png")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{path}  1536x1024\n1 picture by gpt-image-2, 0.523050 credits.\n"


def test_each_picture_has_a_line_of_its_own(tmp_path: Path) -> None:
    *lines, total = draw(tmp_path, n=3).stdout.splitlines()
    paths = sorted((tmp_path / "my art").rglob("*.png"))
    assert lines == [f"{path}  1024x1024" for path in paths]
    assert total == "3 pictures by gpt-image-2, 17.389350 credits."


def test_pictures_as_json_are_in_the_job_record(tmp_path: Path) -> None:
    record = json.loads(draw(tmp_path, "--json").stdout)
    [path] = (tmp_path / "my art").rglob("*.png")
    [image] = record["result"]["images"]
    assert (image["url"], image["width"], image["height"]) == (path.as_uri(), 1024, 1024)
    assert (record["status"], record["result"]["credits_used"]) == ("completed", "5.796450")


def test_a_picture_elsewhere_is_shown_by_its_address(tmp_path: Path) -> None:
    command = ["submit", "a red fox", "--type", "image_generation"]
    result = CliRunner(env={"AIJOBS_ARTIFACTS": "memory://art"}).invoke(aijobs, command)
    assert result.stdout.startswith("memory://art/")


@pytest.mark.filterwarnings("ignore::aijobs_sdk.UnusedRuleWarning")  # it asks no provider
def test_another_job_type_prints_its_result_as_json(tmp_path: Path) -> None:
    path = tmp_path / "payload.json"
    path.write_text('{"echo": {"a": 1}}')
    result = CliRunner().invoke(aijobs, ["submit", "--type", "test_job", "--payload", str(path)])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["echo"] == {"a": 1}


@pytest.mark.parametrize(
    ("answer", "code"), [(aijobs_sdk.ok("The river runs."), 0), (aijobs_sdk.fail("content_filter"), 1)]
)
def test_watching_a_job_ends_as_the_job_did(sim: aijobs_sdk.Mock, tmp_path: Path, answer: Any, code: int) -> None:
    sim.on().do(answer)
    url = f"sqlite:///{tmp_path}/jobs.db"
    with aijobs_sdk.Client(url) as client:
        job = client.submit("A haiku", model="gpt-5.2").wait()
    assert CliRunner().invoke(aijobs, ["watch", str(job.id), "--url", url]).exit_code == code
