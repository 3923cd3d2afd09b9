"""Conversations: the second turn sees the answer to the first, of the same model, in the same row."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.batch.reading.rows import open_rows
from batch.batch_worlds import QUESTIONS, TASKS, WatchedBackend, a_batch, billed

pytestmark = pytest.mark.anyio

TURNS = ["{turns[0]}", "{turns[1]}"]
MODELS = ["gpt-5.2", "claude-sonnet-4.5"]
FOUR_MODELS = [*MODELS, "claude-opus-4.5", "gemini-3-flash"]
MT_BENCH = Path(os.environ.get("AIJOBS_TEST_DATA", "")) / "mt_bench_questions.jsonl"


def answer_in(payload: Mapping[str, Any]) -> str:
    """Return the answer that a second turn was shown."""
    return str(payload["messages"][1]["content"])


async def test_the_second_turn_sees_the_answer_to_the_first(backend: WatchedBackend) -> None:
    rows = await a_batch(backend, QUESTIONS, prompt=TURNS, model=MODELS).run()
    later = [json.loads(line)["turns"][1] for line in QUESTIONS.read_text().splitlines()]
    second_turns = [sent.payload for sent in backend.sent if sent.payload.get("messages")]
    said = {(sent["model"], sent["prompt"], answer_in(sent)) for sent in second_turns}
    assert said == {(row.model, later[row.index // 2], row.answers[0]) for row in rows}
    assert len(said) == len(rows)


async def test_a_row_holds_all_answers_and_their_sums(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on().do(aijobs.ok("Nine words are said in each of these answers.").forever())
    [row] = await a_batch(backend, TASKS[:1], prompt=["{task}", "And then?", "And at last?"]).run()
    assert row.answers == (row.content,) * 3
    assert (row.attempts, len(sim.calls), len(backend.sent)) == (3, 3, 3)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
async def test_a_file_has_all_answers_of_a_conversation(backend: WatchedBackend, tmp_path: Path, ending: str) -> None:
    batch = a_batch(backend, TASKS[:1], prompt=["{task}", "And then?"])
    [row] = await batch.run()
    [written] = open_rows(batch.write(tmp_path / f"out.{ending}"))
    answers = written["answers"] if ending != "csv" else json.loads(str(written["answers"]))
    assert answers == list(row.answers)
    assert list(written) == list(batch.to_pandas().columns)


async def test_a_file_of_single_questions_has_no_column_of_answers(backend: WatchedBackend, tmp_path: Path) -> None:
    batch = a_batch(backend, TASKS[:1])
    await batch.run()
    [written] = open_rows(batch.write(tmp_path / "out.csv"))
    assert "answers" not in written


async def test_the_next_turn_is_no_retry_and_a_second_attempt_at_one_is(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on(prompt="And then?").do(aijobs.fail(503), aijobs.ok())
    batch = a_batch(backend, TASKS[:1], prompt=["{task}", "And then?", "And at last?"])
    [row] = await batch.run()
    assert (row.attempts, batch.progress.retries) == (4, 1)


async def test_a_turn_that_fails_fails_its_row_and_is_asked_again_alone(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on(prompt="And then?").do(aijobs.fail("content_filter").forever())
    batch = a_batch(backend, prompt=["{task}", "And then?"])
    rows = await batch.run()
    assert {row.status for row in rows} == {"failed"}
    assert all(len(row.answers) == 1 for row in rows)
    before = len(sim.calls)
    sim.on(prompt="And then?").do(aijobs.ok("The end.").forever())
    assert {row.content for row in await batch.retry_failures()} == {"The end."}
    assert len(sim.calls) - before == 12


async def test_a_turn_that_is_refused_leaves_what_was_answered_and_paid_before(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    batch = a_batch(backend, TASKS[:1], prompt=["{task}", "And then?"])
    backend.refuses_at = 1
    [row] = await batch.run()
    assert (row.status, row.attempts, len(row.answers)) == ("failed", 1, 1)
    assert batch.progress.credits == row.credits == billed(await batch.usage())
    await batch.retry_failures()
    assert len(sim.calls) == 2  # a turn each


async def test_a_conversation_cut_off_between_turns_goes_on_with_the_next(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on(prompt="And then?").do(aijobs.fail("auth").forever())
    turns = ["{task}", "And then?"]
    with pytest.raises(aijobs.BatchPausedError):
        await a_batch(backend, prompt=turns, name="harbours").run()
    sim.on(prompt="And then?").do(aijobs.ok("The end.").forever())
    before = len(sim.calls)
    rows = await a_batch(backend, prompt=turns, name="harbours").run()
    assert {(row.status, row.content) for row in rows} == {("completed", "The end.")}
    asked_first = {str(sent.payload["prompt"]) for sent in backend.sent if not sent.payload.get("messages")}
    assert len(asked_first) == 12
    assert len(sim.calls) - before == 12


async def test_an_edited_second_turn_asks_both_turns_anew(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    await a_batch(backend, prompt=["{task}", "And then?"], name="harbours").run()
    before = len(sim.calls)
    await a_batch(backend, prompt=["{task}", "And why?"], name="harbours").run()
    assert len(sim.calls) - before == 24


@pytest.mark.skipif(not MT_BENCH.is_file(), reason="AIJOBS_TEST_DATA names no folder with mt_bench_questions.jsonl")
async def test_mt_bench_in_two_turns_over_four_models_is_a_frame(backend: WatchedBackend) -> None:
    batch = a_batch(backend, MT_BENCH, prompt=TURNS, model=FOUR_MODELS)
    rows = await batch.run()
    frame = batch.to_pandas()
    assert (len(frame), set(frame["model"]), set(frame["status"])) == (320, set(FOUR_MODELS), {"completed"})
    assert list(frame["question_id"]) == [row.inputs["question_id"] for row in rows]
    assert all(len(answers) == 2 for answers in frame["answers"])
