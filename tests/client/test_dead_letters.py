"""What failed jobs leave behind, as a program meets it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs


class Note(BaseModel):
    text: str


class StrictNote(BaseModel):
    text: str
    author: str


@aijobs.job_type("note", max_attempts=1)
async def note(context: aijobs.JobContext, payload: Note) -> dict[str, str]:
    raise RuntimeError(payload.text)


@aijobs.job_type("note")
async def strict_note(context: aijobs.JobContext, payload: StrictNote) -> dict[str, str]:
    return {"text": payload.text}


@pytest.fixture
def sim() -> Iterator[aijobs.Mock]:
    """A simulated world on virtual time."""
    with aijobs.mock() as world:
        yield world


@pytest.fixture
def client(sim: aijobs.Mock) -> aijobs.Client:
    return aijobs.Client(job_types=[note])


def failed(client: aijobs.Client) -> aijobs.JobHandle[Any]:
    job = client.submit(type="note", payload={"text": "Remember the milk."})
    job.wait()
    return job


def test_a_dead_letter_holds_the_payload_and_every_error(client: aijobs.Client) -> None:
    job = failed(client)
    [letter] = client.dead_letters()
    assert isinstance(letter, aijobs.DeadLetter)
    assert (letter.job_id, letter.payload) == (job.id, {"text": "Remember the milk."})
    assert letter.error.code == "handler_error"
    assert client.dead_letter(str(job.id)) == letter


def test_dead_letters_are_narrowed_in_plain_words(client: aijobs.Client) -> None:
    first, second = failed(client), failed(client)
    client.replay(first.id).wait()
    assert [one.job_id for one in client.dead_letters(replayed=True)] == [first.id]
    assert second.id in {one.job_id for one in client.dead_letters(category="internal", type="note", replayed=False)}
    assert list(client.dead_letters(category="timeout")) == []
    assert len(client.dead_letters(limit=1, offset=1)) == 1


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"category": "bad luck"}, "`category` input should be 'validation', .*, got a text of 8 characters"),
        ({"limit": 0}, "`limit` input should be greater than or equal to 1"),
        ({"limit": 1001}, "`limit` input should be less than or equal to 1000"),
        ({"offset": -1}, "`offset` input should be greater than or equal to 0"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(client: aijobs.Client, asked: Any, message: str) -> None:
    with pytest.raises(aijobs.InvalidRequestError, match=message):
        client.dead_letters(**asked)


def test_a_replay_is_the_handle_of_a_new_job(client: aijobs.Client, sim: aijobs.Mock) -> None:
    sim.on().do(aijobs.fail("quota_exhausted"))
    job = client.submit("hi", model="gpt-5.2")
    job.wait()
    sim.on().do(aijobs.ok())
    replay = client.replay(job.id)
    assert replay.result().content != ""
    assert replay.job.replay_of == job.id


def test_of_two_who_read_a_letter_the_second_gets_the_job_of_the_first(client: aijobs.Client) -> None:
    failed(client)
    [mine], [theirs] = client.dead_letters(), client.dead_letters()
    assert client.replay(theirs).id == client.replay(mine).id
    assert client.replay(mine.job_id).id != client.replay(mine).id


def test_a_replay_is_checked_by_the_payload_model_of_today(sim: aijobs.Mock, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    with aijobs.Client(url, job_types=[note]) as yesterday:
        job = failed(yesterday)
    with aijobs.Client(url, job_types=[strict_note]) as today:
        with pytest.raises(aijobs.InvalidRequestError, match=r"`payload\.author` is required"):
            today.replay(job.id)
        assert today.dead_letter(job.id).replayed_as is None


def test_a_replay_of_an_unknown_type_says_so(sim: aijobs.Mock, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    with aijobs.Client(url, job_types=[note]) as client:
        job = failed(client)
    with aijobs.Client(url) as stranger, pytest.raises(aijobs.InvalidRequestError, match="Unknown job type 'note'"):
        stranger.replay(job.id)


def test_there_is_no_replay_without_a_letter(client: aijobs.Client) -> None:
    with pytest.raises(aijobs.DeadLetterNotFoundError, match="only a job that failed leaves one"):
        client.replay(uuid4())


def test_purging_counts_what_it_deleted(client: aijobs.Client) -> None:
    failed(client)
    client.submit(type="test_job", payload={"seconds": 60}).wait()
    assert client.purge_dead_letters(older_than=timedelta(minutes=2)) == 0
    assert client.purge_dead_letters(older_than=timedelta(seconds=59)) == 1


def test_a_job_may_begin_later(client: aijobs.Client) -> None:
    job = client.submit(type="test_job", run_at=datetime(2026, 1, 2, tzinfo=UTC))
    ended = job.wait()
    assert ended.started_at is not None
    assert ended.started_at >= datetime(2026, 1, 2, tzinfo=UTC)
    assert ended.attempts == 1


@pytest.mark.parametrize(
    ("run_at", "message"),
    [
        (datetime(2026, 1, 2), "needs a time zone"),
        ("tomorrow", "must be a datetime with a time zone, got a text of 8 characters"),
        (5, "must be a datetime with a time zone, got a number"),
    ],
)
def test_an_instant_has_a_time_zone(client: aijobs.Client, run_at: Any, message: str) -> None:
    with pytest.raises(aijobs.InvalidRequestError, match=message):
        client.submit(type="test_job", run_at=run_at)
    assert list(client.list()) == []
