"""Batches with a name as a shell runs them: Ctrl-C, a process that goes on by itself, and others that stop it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aijobs_sdk.cli.commands import aijobs
from cli.children import A_MINUTE, AIJOBS, child, ended

ROWS = ["batch", "rows.jsonl", "--name", "spring", "--out", "out.jsonl"]
RUN = [*ROWS, "--prompt", "{q}", "--model", "gpt-5.2", "--concurrency", "2"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with more rows than can be done in a moment; no runner outlives it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIJOBS_URL", f"sqlite:///{tmp_path}/jobs.db")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"q": f"Question {n}"}) + "\n" for n in range(2000)))
    yield tmp_path
    end_runner()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def running(stack: ExitStack, *options: str) -> subprocess.Popen[str]:
    """Start the batch, and return once a row of it is done."""
    process = stack.enter_context(child([*AIJOBS, *RUN, *options]))
    until(lambda now: now["completed"] > 0)
    return process


def batch(*arguments: str) -> Result:
    return CliRunner().invoke(aijobs, ["batch", *arguments])


def listed() -> dict[str, Any]:
    there = Path("jobs.db").exists()  # which is when somebody has begun one
    batches: list[dict[str, Any]] = json.loads(batch("list", "--json").stdout) if there else []
    return batches[0] if batches else {"completed": 0, "run_by": None}


def until(is_so: Any) -> dict[str, Any]:
    """Return the batch as soon as it is as it should be."""
    gives_up_at = time.monotonic() + A_MINUTE
    while not is_so(now := listed()):
        assert time.monotonic() < gives_up_at, now
        time.sleep(0.1)
    return now


def end_runner() -> None:
    holder = listed()["run_by"]
    if holder is not None:
        with suppress(ProcessLookupError):
            os.kill(holder["pid"], signal.SIGKILL)


def test_ctrl_c_ends_the_watching_and_the_batch_goes_on(stack: ExitStack, folder: Path) -> None:
    process = running(stack, "--detach")
    process.send_signal(signal.SIGINT)
    code, errors = ended(process)
    assert (code, (folder / "out.jsonl").exists()) == (130, False)
    assert "Batch 'spring' goes on by itself.\nSee it: aijobs batch status spring\n" in errors
    assert "is being run by process" in batch("delete", "spring").stderr
    assert "sends no more rows" in batch("pause", "spring").stdout
    until(lambda now: (now["state"], now["run_by"]) == ("paused", None))


def test_ctrl_c_stops_a_batch_that_has_no_process_of_its_own(stack: ExitStack, folder: Path) -> None:
    process = running(stack, "--no-detach")
    process.send_signal(signal.SIGINT)
    code, errors = ended(process)
    assert (code, (folder / "out.jsonl").exists()) == (130, False)
    assert errors.endswith("Batch 'spring' stops where it is.\nGo on: aijobs batch resume spring\n")
    assert (listed()["state"], listed()["run_by"]) == ("paused", None)


@pytest.mark.parametrize(("command", "says"), [("pause", "Somebody paused it"), ("cancel", "Somebody cancelled it")])
def test_a_batch_can_be_stopped_from_another_terminal(stack: ExitStack, command: str, says: str, folder: Path) -> None:
    process = running(stack, "--no-detach")
    batch(command, "spring")
    code, errors = ended(process)
    assert (code, (folder / "out.jsonl").exists()) == (1, False)
    assert says in errors
    assert errors.endswith("Go on: aijobs batch resume spring\n")


def test_two_terminals_run_no_batch_of_one_name_with_other_rows(stack: ExitStack, folder: Path) -> None:
    running(stack, "--no-detach")
    second = batch(*RUN[1:], "--system", "Be brief.")
    assert second.exit_code == 2
    assert "Batch 'spring' is being run by process" in second.stderr
