"""The file of a recording: what it takes to be one, and what happens to it when things go wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.recording.file import Recording, TornRecordingWarning
from client.scripts import run
from services.full_disk import room_for
from simulation.recording.recorded_run import CHAT, exchanges_in, openai_client, recorded_in


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A recording of one exchange."""
    file = tmp_path / "run.jsonl"
    record_one(file)
    return file


def record_one(path: Path) -> None:
    recorded_in(Mock(7, virtual=True), path, ask)


async def ask(http: Any) -> Any:
    return await openai_client(http).chat.completions.create(**CHAT)


def test_a_second_run_is_added_to_the_first(path: Path) -> None:
    record_one(path)
    assert [one.number for one in exchanges_in(path)] == [1, 2]


def test_a_file_that_is_recorded_to_is_no_other_recorders(path: Path) -> None:
    """Each would number its calls as if it were alone, and a replay could not tell whose came first."""
    with (
        aijobs.record(path),
        pytest.raises(aijobs.ConfigurationError, match=r"Cannot record to .*run\.jsonl: somebody records to it"),
    ):
        record_one(path)
    record_one(path)
    assert [one.number for one in exchanges_in(path)] == [1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no forks")
def test_a_forked_child_has_no_part_in_a_recording(path: Path) -> None:
    ended = run(f"""
        import asyncio, os, httpx2, aijobs_sdk as aijobs
        async def ask(network):
            async with httpx2.AsyncClient(transport=network) as caller:
                await caller.get("https://vendor.example/v1/models")
        with aijobs.record({str(path)!r}) as recorder, aijobs.mock(clock="real") as sim:
            network = recorder.transport(httpx2, under=sim.transport(httpx2))
            if (child := os.fork()) == 0:
                try:
                    asyncio.run(ask(network))
                except aijobs.ConfigurationError as error:
                    print(error)
            else:
                os.waitpid(child, 0)
                try:
                    aijobs.record({str(path)!r}).__enter__()
                except aijobs.ConfigurationError as error:
                    print(error)
                asyncio.run(ask(network))
    """)
    assert "This process was forked from the one that records to" in ended.stdout
    assert "somebody records to it already" in ended.stdout
    assert (len(exchanges_in(path)), ended.stderr) == (2, "")


def test_a_line_says_what_was_asked_and_how_it_ended(path: Path) -> None:
    [one] = exchanges_in(path)
    assert str(one.asked) == "POST /v1/chat/completions (gpt-5.2)"
    assert (one.asked.host, one.status, one.ended) == ("vendor.example", 200, "whole")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            '{"format": "aijobs-recording", "version": 2}\n',
            "is a recording of version 2, and this package",
        ),
        ("my notes\n", "is no recording"),
        ("[]\n", "is no recording"),
        ("my notes", "is no recording"),
    ],
)
def test_another_file_is_neither_written_to_nor_played(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text(content)
    with pytest.raises(aijobs.InvalidRequestError, match=rf"other\.jsonl {said}"):
        record_one(file)
    with pytest.raises(aijobs.InvalidRequestError, match=said), aijobs.mock(replay=file):
        pass
    assert file.read_text() == content


def test_a_line_that_is_no_exchange_is_named(path: Path) -> None:
    path.write_text(path.read_text() + '{"number": 2}\n')
    with pytest.raises(aijobs.InvalidRequestError, match=r"run\.jsonl, line 3: .*asked: Field required"):
        Recording.load(path)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"text":', '"base64":', r"chunks\.0\.base64: Only base64 data is allowed"),
        ('"headers":{', '"headers":{"request-id":"€",', "headers: 'request-id' is no header of HTTP"),
        ('"headers":{', '"headers":{"a b":"",', "headers: 'a b' is no header of HTTP"),
        ('"status":200', '"status":799', "status: Input should be less than or equal to 599"),
    ],
)
def test_what_no_host_could_play_is_named_by_its_line_and_field(path: Path, right: str, wrong: str, said: str) -> None:
    path.write_text(path.read_text().replace(right, wrong))
    with pytest.raises(aijobs.InvalidRequestError, match=rf"run\.jsonl, line 2: .*{said}"):
        Recording.load(path)


def test_a_first_line_that_is_nested_without_end_is_that_of_no_recording(path: Path) -> None:
    path.write_text("[" * 100_000 + "\n")
    with pytest.raises(aijobs.InvalidRequestError, match=r"run\.jsonl is no recording"):
        Recording.load(path)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(aijobs.ConfigurationError, match=r"Cannot record to .*nowhere/run\.jsonl: No such file"):
        record_one(tmp_path / "nowhere" / "run.jsonl")


def test_a_recording_that_is_not_there_is_named() -> None:
    with (
        pytest.raises(aijobs.ConfigurationError, match=r"Cannot read the recording gone\.jsonl"),
        aijobs.mock(replay="gone.jsonl"),
    ):
        pass


def test_an_empty_file_becomes_a_recording(tmp_path: Path) -> None:
    file = tmp_path / "empty.jsonl"
    file.touch()
    record_one(file)
    assert len(exchanges_in(file)) == 1


def test_a_torn_last_line_is_left_out_and_told(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b'{"number": 2, "as')
    with pytest.warns(TornRecordingWarning, match=r"run\.jsonl is torn off"):
        assert len(Recording.load(path).exchanges) == 1


def test_a_torn_last_line_gives_way_to_what_is_recorded_next(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b'{"number": 2, "as')
    with pytest.warns(TornRecordingWarning):
        record_one(path)
    assert [one.number for one in exchanges_in(path)] == [1, 2]


def test_a_line_is_written_whole_or_not_at_all_and_the_caller_never_notices(path: Path) -> None:
    before = path.read_bytes()
    with (
        room_for(len(before) + 100),
        pytest.raises(aijobs.ConfigurationError, match=r"1 exchanges are missing in .*run\.jsonl"),
    ):
        record_one(path)
    assert path.read_bytes() == before


CRASH = """
import asyncio, os, sys
import httpx2
import aijobs_sdk as aijobs

def answer(request):
    return os._exit(3) if request.url.path == "/crash" else httpx2.Response(200, json=[1])

async def main(path):
    with aijobs.record(path) as recorder:
        network = recorder.transport(httpx2, under=httpx2.MockTransport(answer))
        client = httpx2.AsyncClient(transport=network, base_url="https://x.example")
        for path in ("/one", "/two", "/crash"):
            await client.get(path)

asyncio.run(main(sys.argv[1]))
"""


def test_a_crash_loses_the_exchange_under_way_only(tmp_path: Path) -> None:
    file = tmp_path / "crashed.jsonl"
    assert subprocess.run([sys.executable, "-c", CRASH, str(file)], check=False, timeout=60).returncode == 3
    assert [one.asked.path for one in exchanges_in(file)] == ["/one", "/two"]
