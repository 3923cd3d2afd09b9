"""`aijobs dlq`: failed jobs on the command line, for a person or for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from pydantic import BaseModel

import aijobs_sdk
from aijobs_sdk.cli import display
from aijobs_sdk.cli.commands import aijobs
from aijobs_sdk.client import client as client_module

URL = "sqlite:///jobs.db"
SECRET = "the plan for the surprise party"
NOBODY = "00000000-0000-0000-0000-000000000000"
STRICT_TYPES = """
import aijobs_sdk
from pydantic import BaseModel

class Strict(BaseModel):
    author: str

@aijobs_sdk.job_type("note")
async def note(context, payload: Strict) -> dict[str, str]:
    return {}
"""


class Note(BaseModel):
    text: str


@pytest.fixture(autouse=True)
def sim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[aijobs_sdk.Mock]:
    """A simulated world, and a working folder for its database."""
    monkeypatch.chdir(tmp_path)
    with aijobs_sdk.mock() as world, aijobs_sdk.Client():  # while a client is open, time goes on
        yield world


def failed(**payload: Any) -> UUID:
    """Return the id of a job that failed."""
    with aijobs_sdk.Client(URL) as client:
        job = client.submit(type="test_job", payload={"fail": True, "echo": SECRET, **payload})
        job.wait()
        return job.id


def dlq(*arguments: object, answer: str | None = None) -> Result:
    return CliRunner().invoke(aijobs, ["dlq", *map(str, arguments), "--url", URL], input=answer)


def letter_of(job_id: UUID) -> aijobs_sdk.DeadLetter:
    with aijobs_sdk.Client(URL, concurrency=0) as client:
        return client.dead_letter(job_id)


def test_a_list_for_a_program_is_one_letter_a_line_newest_first() -> None:
    older, newer = failed(), failed(seconds=1)
    first, second = (line.split("\t") for line in dlq("list").stdout.splitlines())
    assert (first[0], second[0]) == (str(newer), str(older))
    assert first[2:] == ["test_job", "provider", "told_to_fail", "test_job", "", ""]


def test_a_list_as_json_holds_the_errors() -> None:
    job_id = failed(fail_attempts=1)
    [letter] = json.loads(dlq("list", "--json").stdout)
    assert (letter["job_id"], letter["replayed_as"]) == (str(job_id), None)
    assert [error["code"] for error in letter["errors"]] == ["told_to_fail"]


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--category", "provider"], 2),
        (["--category", "timeout"], 0),
        (["--type", "test_job", "--provider", "test_job"], 2),
        (["--region", "eu-west-2"], 0),
        (["--replayed"], 0),
        (["--unreplayed"], 2),
        (["--limit", "1"], 1),
        (["--limit", "5", "--offset", "1"], 1),
    ],
)
def test_a_list_is_narrowed_and_paged(options: list[str], lines: int) -> None:
    failed(), failed()
    result = dlq("list", *options)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, lines)


def test_the_list_fits_80_columns_with_the_ids_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    job_id = failed()
    dlq("replay", job_id)
    display.print_dead_letters([letter_of(job_id)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith(f"{job_id}  ↻  01-01 00:00   test_job  told_to_fail")
    assert lines[-1] == "↻ replayed. More: aijobs dlq show JOB. Run again: aijobs dlq replay JOB."
    assert max(map(len, lines)) <= 80


def test_an_empty_list_says_so_to_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    display.print_dead_letters([])
    assert capsys.readouterr().out == "No dead letters.\n"


def test_show_tells_how_each_attempt_failed_and_what_was_asked(sim: aijobs_sdk.Mock) -> None:
    sim.on().do(aijobs_sdk.fail(503) * 3)
    with aijobs_sdk.Client(URL) as client:
        job = client.submit(SECRET, model="gpt-5.2")
        job.wait()
    shown = dlq("show", job.id).stdout
    assert "attempts     3 of 3" in shown
    assert [f"  {attempt}  " in shown for attempt in (1, 2, 3)] == [True] * 3
    assert f'"prompt": "{SECRET}"' in shown


def test_show_as_json_is_the_whole_letter() -> None:
    letter = json.loads(dlq("show", failed(), "--json").stdout)
    assert (letter["payload"]["echo"], letter["errors"][0]["attempt"]) == (SECRET, 1)


def test_what_was_asked_is_shown_by_show_alone(capsys: pytest.CaptureFixture[str]) -> None:
    job_id = failed()
    display.print_dead_letters([letter_of(job_id)])
    outputs = [dlq("list"), dlq("list", "--json"), dlq("replay", job_id), dlq("replay", job_id, "--json")]
    assert [SECRET in result.output for result in outputs] == [False] * 4
    assert SECRET not in capsys.readouterr().out


def test_a_replay_prints_the_old_id_and_the_new_one_and_runs_nothing() -> None:
    job_id = failed()
    result = dlq("replay", job_id)
    replay_id = letter_of(job_id).replayed_as
    assert (result.exit_code, result.stdout) == (0, f"{job_id} {replay_id}\n")
    with aijobs_sdk.Client(URL, concurrency=0) as client:
        assert [event.kind for event in client.job(str(replay_id)).events()] == ["accepted"]


def test_an_id_that_is_said_twice_is_replayed_once() -> None:
    job_id = failed()
    assert len(dlq("replay", job_id, job_id).stdout.splitlines()) == 1
    with aijobs_sdk.Client(URL, concurrency=0) as client:
        assert len(list(client.list(status="pending"))) == 1


def test_all_leaves_out_what_was_replayed_before_unless_it_is_asked_for() -> None:
    first, second = failed(), failed(seconds=1)
    dlq("replay", first)
    assert [line.split()[0] for line in dlq("replay", "--all").stdout.splitlines()] == [str(second)]
    assert (dlq("replay", "--all").exit_code, dlq("replay", "--all").stdout) == (0, "")
    assert len(dlq("replay", "--all", "--replayed", "--category", "provider").stdout.splitlines()) == 2


def test_letters_that_somebody_replays_meanwhile_are_replayed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = [letter_of(failed()), letter_of(failed(seconds=1))]
    replay = client_module.Client.replay

    def after_somebody_else(client: client_module.Client, letter: aijobs_sdk.DeadLetter) -> Any:
        with aijobs_sdk.Client(URL, concurrency=0) as other:
            replay(other, letter.job_id)
        return replay(client, letter)

    monkeypatch.setattr(client_module.Client, "replay", after_somebody_else)
    told = [line.split() for line in dlq("replay", "--all").stdout.splitlines()]
    assert told == [[str(one.job_id), str(letter_of(one.job_id).replayed_as)] for one in letters]
    with aijobs_sdk.Client(URL, concurrency=0) as client:
        assert len(list(client.list(status="pending"))) == 2


def test_a_job_without_a_letter_is_known_before_anything_is_submitted() -> None:
    job_id = failed()
    result = dlq("replay", job_id, NOBODY)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"No dead letter of job {NOBODY}" in result.stderr
    assert letter_of(job_id).replayed_as is None


@pytest.fixture
def note() -> UUID:
    """A job of a type whose payload has other fields today."""

    @aijobs_sdk.job_type("note", max_attempts=1)
    async def note(context: aijobs_sdk.JobContext, payload: Note) -> dict[str, str]:
        raise RuntimeError(SECRET)

    Path("strict_types.py").write_text(STRICT_TYPES)
    with aijobs_sdk.Client(URL, job_types=[note]) as client:
        job = client.submit(type="note", payload={"text": SECRET})
        job.wait()
    return job.id


def test_a_payload_that_does_not_fit_any_more_is_refused_by_its_field(note: UUID) -> None:
    result = dlq("replay", note, "--job-types", "strict_types:note")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Job {note} was not submitted: " in result.stderr
    assert "`payload.author` is required" in result.stderr
    assert SECRET not in result.output


def test_what_is_wrong_with_one_letter_does_not_stop_the_others(note: UUID) -> None:
    job_id = failed()
    result = dlq("replay", note, job_id)
    assert (result.exit_code, result.stdout) == (1, f"{job_id} {letter_of(job_id).replayed_as}\n")
    assert "Unknown job type 'note'" in result.stderr


def test_a_purge_counts_what_it_deleted() -> None:
    failed()
    failed(seconds=100)
    assert dlq("purge", "--older-than", "30d", "--yes").stdout == "0 dead letters deleted.\n"
    assert dlq("purge", "--older-than", "99s", "--yes").stdout == "1 dead letter deleted.\n"
    assert dlq("purge", "--older-than", "9" * 5000 + "w", "--yes").stdout == "0 dead letters deleted.\n"
    assert len(dlq("list").stdout.splitlines()) == 1


@pytest.mark.parametrize(("answer", "exit_code", "left"), [("y\n", 0, 1), ("n\n", 1, 2), ("", 1, 2)])
def test_a_purge_asks_first(answer: str, exit_code: int, left: int) -> None:
    failed()
    failed(seconds=100)
    result = dlq("purge", "--older-than", "99s", answer=answer)
    assert result.exit_code == exit_code
    assert "Delete every dead letter older than 99s for good? [y/N]:" in result.stderr
    assert len(dlq("list").stdout.splitlines()) == left
