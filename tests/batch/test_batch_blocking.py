"""The batch for code that blocks: the same promises, from a notebook's thread."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable, Iterator

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.batch.results import Results
from batch.batch_worlds import TASKS


@pytest.fixture
def client(sim: aijobs.Mock) -> Iterator[aijobs.Client]:
    with aijobs.Client() as blocking:
        yield blocking


def test_a_batch_runs_and_keeps_its_results(client: aijobs.Client) -> None:
    batch = client.batch(TASKS, prompt="{task}", model="gpt-5.2")
    rows = batch.run()
    assert [row.inputs for row in rows] == TASKS
    assert batch.results == rows
    assert len(batch.to_pandas()) == len(batch.usage()) == 12


def test_a_started_batch_is_waited_for_in_its_own_time(sim: aijobs.Mock, client: aijobs.Client) -> None:
    sim.on().do(aijobs.fail(429, retry_after=900))
    batch = client.batch(TASKS, prompt="{task}", model="gpt-5.2").start()
    with pytest.raises(TimeoutError, match="0 of 12 rows are finished after 600 s"):
        batch.wait(timeout=600)
    assert len(batch.wait()) == 12
    assert batch.progress.elapsed_seconds > 900


def test_a_started_batch_can_be_cancelled(client: aijobs.Client) -> None:
    batch = client.batch(TASKS, prompt="{task}", model="gpt-5.2", concurrency=2).start()
    batch.cancel()
    assert len(batch.wait()) <= 2


def test_failures_are_retried_alone(sim: aijobs.Mock, client: aijobs.Client) -> None:
    sim.on(prompt="*harbour 1.").do(aijobs.fail(503) * 3)
    batch = client.batch(TASKS, prompt="{task}", model="gpt-5.2")
    batch.run()
    assert [row.index for row in batch.failures] == [1]
    sim.on(prompt="*harbour 1.").do(aijobs.ok())
    batch.retry_failures()
    assert batch.failures == []


@pytest.mark.parametrize("kept", [copy.copy, copy.deepcopy, lambda rows: pickle.loads(pickle.dumps(rows))])
def test_results_can_be_copied_and_pickled(client: aijobs.Client, kept: Callable[[Results], Results]) -> None:
    rows = client.batch(TASKS, prompt="{task}", model="gpt-5.2").run()
    again = kept(rows[2:5])
    assert (again, repr(again)) == (rows[2:5], "<3 rows of a batch>")
    assert again[-1:] == [rows[4]]


def test_a_batch_says_what_can_be_pickled_in_its_place(client: aijobs.Client) -> None:
    with pytest.raises(TypeError, match=r"cannot be pickled or copied. Take its `results`; or give it a `name`"):
        pickle.dumps(client.batch(TASKS, prompt="{task}", model="gpt-5.2"))


def test_it_has_the_words_of_the_async_batch() -> None:
    ours, theirs = public_names(aijobs.Batch), public_names(aijobs.AsyncBatch)
    assert ours == theirs


def public_names(kind: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(kind) if not name.startswith("_")]
