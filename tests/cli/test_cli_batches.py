"""`aijobs batch list`, `status`, `resume` …: batches that have a name."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

import aijobs_sdk
from aijobs_sdk.batch.reading.rows import open_rows
from aijobs_sdk.cli.batch_named import Named
from aijobs_sdk.cli.batch_table import print_batches
from aijobs_sdk.cli.commands import aijobs


@pytest.fixture(autouse=True)
def sim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[aijobs_sdk.Mock]:
    """A simulated world, and a working folder with a database and a file of rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIJOBS_URL", f"sqlite:///{tmp_path}/jobs.db")
    Path("rows.jsonl").write_text("".join(json.dumps({"q": f"Question {number}?"}) + "\n" for number in range(20)))
    with aijobs_sdk.mock() as world:
        yield world


def batch(*arguments: str) -> Result:
    return CliRunner().invoke(aijobs, ["batch", *arguments])


def run(name: str, *options: str) -> Result:
    asked = ["--prompt", "{q}", "--model", "gpt-5.2", "--out", "out.jsonl"]
    return batch("rows.jsonl", "--name", name, *asked, *options)


def some_of_twenty(sim: aijobs_sdk.Mock, *, before: int = 0) -> int:
    """Return how many rows the budget was enough for, one after the other: what answers cost is drawn."""
    some = len(sim.calls) - before
    assert 2 <= some < 20
    return some


def names(listing: str) -> list[str]:
    return [line.partition("\t")[0] for line in listing.splitlines()]


def test_a_batch_that_ran_out_of_budget_is_resumed_and_pays_for_nothing_twice(sim: aijobs_sdk.Mock) -> None:
    paused = run("spring", "--budget", "10")
    assert (paused.exit_code, Path("out.jsonl").exists()) == (1, False)
    assert paused.stderr.endswith("Nothing was written. Go on: aijobs batch resume spring --budget CREDITS\n")
    resumed = batch("resume", "spring", "--budget", "500")
    assert (resumed.exit_code, len(sim.calls)) == (0, 20)
    assert resumed.stdout.startswith("20 of 20 rows completed")


@pytest.mark.parametrize("name", ["-x", "a b'c"])
def test_the_command_that_goes_on_can_be_copied_whatever_the_name(sim: aijobs_sdk.Mock, name: str) -> None:
    paused = run(name, "--budget", "10")
    copied = shlex.split(paused.stderr.rpartition("Go on: ")[2].replace("CREDITS", "500"))
    assert copied[:2] == ["aijobs", "batch"]
    assert batch(*copied[2:]).exit_code == 0
    assert len(sim.calls) == 20


def test_the_same_command_goes_on_as_well(sim: aijobs_sdk.Mock) -> None:
    run("spring", "--budget", "10")
    assert run("spring", "--budget", "500").exit_code == 0
    assert len(list(open_rows("out.jsonl"))) == len(sim.calls) == 20


def test_failed_rows_are_asked_again_where_that_is_wanted(sim: aijobs_sdk.Mock) -> None:
    sim.on(prompt="Question 3?").do(aijobs_sdk.fail("content_filter"))
    assert run("spring").exit_code == 1
    assert batch("resume", "spring").exit_code == 1
    sim.on(prompt="Question 3?").do(aijobs_sdk.ok())
    assert batch("resume", "spring", "--retry-failures").exit_code == 0


def test_resume_can_speak_to_a_program() -> None:
    run("spring", "--budget", "10")
    resumed = batch("resume", "spring", "--budget", "500", "--json")
    summary = json.loads(resumed.stdout)
    assert (resumed.stderr, summary["state"], summary["completed"], summary["out"]) == ("", "finished", 20, None)


def test_status_says_how_far_a_batch_is_why_it_stopped_and_what_failed(sim: aijobs_sdk.Mock) -> None:
    sim.on(prompt="Question 0?").do(aijobs_sdk.fail("content_filter"))
    run("spring", "--budget", "10", "--concurrency", "1")
    lines = batch("status", "spring").stdout.splitlines()
    assert lines[1].startswith("state    paused: The budget of 10 credits is used up")
    assert lines[2:4] == ["run by   nobody", f"rows     20: {some_of_twenty(sim) - 1} completed, 1 failed"]
    assert lines[-1].startswith("  1 x content_filtered, first in row 1: ")


def test_status_for_a_program_counts_failures_by_cause(sim: aijobs_sdk.Mock) -> None:
    sim.on(prompt="Question 1*").do(aijobs_sdk.fail("content_filter"))
    run("spring")
    status = json.loads(batch("status", "spring", "--json").stdout)
    assert (status["state"], status["completed"], status["run_by"]) == ("finished", 9, None)
    assert [(one["code"], one["count"]) for one in status["failures"]] == [("content_filtered", 11)]


def test_batches_are_listed_newest_first_one_a_line(sim: aijobs_sdk.Mock) -> None:
    run("spring")
    run("autumn", "--budget", "10", "--concurrency", "1")
    listing = batch("list").stdout
    assert names(listing) == ["autumn", "spring"]
    assert listing.splitlines()[0].split("\t")[1:5] == ["paused", "20", str(some_of_twenty(sim, before=20)), "0"]


def test_batches_are_listed_for_a_program() -> None:
    run("spring", "--budget", "500")
    [listed] = json.loads(batch("list", "--json").stdout)
    assert (listed["name"], listed["state"], listed["rows"], listed["completed"]) == ("spring", "finished", 20, 20)
    assert (Decimal(listed["credits"]) > 1, listed["budget"]) == (True, "500")


def test_a_terminal_is_shown_a_table_that_fits() -> None:
    run("spring-" * 20)
    screen = Console(file=io.StringIO(), width=80, color_system=None)
    with aijobs_sdk.Client() as client:
        print_batches(client.batches(), screen)
    lines = screen.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0].split() == ["state", "name", "rows", "done", "failed", "credits", "run", "by", "age"]
    assert (len(lines), max(map(len, lines))) == (3, 80)


def test_finished_rows_are_exported_in_their_order_whatever_becomes_of_the_others(
    sim: aijobs_sdk.Mock,
) -> None:
    run("spring", "--budget", "10", "--concurrency", "1")
    some = some_of_twenty(sim)
    assert batch("export", "spring", "--out", "part.csv").stdout == f"{some} of 20 rows: part.csv\n"
    assert [row["q"] for row in open_rows("part.csv")] == [f"Question {number}?" for number in range(some)]


def test_a_batch_that_is_deleted_is_begun_anew_under_its_name(sim: aijobs_sdk.Mock) -> None:
    run("spring")
    assert batch("delete", "spring").stdout == "spring: deleted\n"
    assert names(batch("list").stdout) == []
    run("spring")
    assert len(sim.calls) == 40


@pytest.mark.parametrize("command", ["pause", "cancel"])
def test_to_stop_what_nobody_runs_is_no_mistake(command: str, sim: aijobs_sdk.Mock) -> None:
    run("spring", "--budget", "10", "--concurrency", "1")
    stopped = batch(command, "spring")
    told = f"spring: nobody runs it; {some_of_twenty(sim)} of 20 rows finished.\n"
    assert (stopped.exit_code, stopped.stdout) == (0, told)


def test_a_cancel_tells_how_many_rows_it_has_stopped_that_a_crash_left_under_way(sim: aijobs_sdk.Mock) -> None:
    sim.on(prompt="Question 1?").do(aijobs_sdk.fail(503, seconds=250))
    rows = ["Question 0?", "Question 1?", "Question 2?"]
    with aijobs_sdk.Client() as client:
        left = client.batch(rows, prompt="{text}", model="gpt-5.2", name="spring", detach=False)
        with pytest.raises(TimeoutError):
            left.wait(timeout=30)
    told = "spring: nobody runs it; 1 row under way stopped, 2 of 3 rows finished.\n"
    assert batch("cancel", "spring").stdout == told


def test_an_error_in_a_new_value_is_named() -> None:
    run("spring", "--budget", "10")
    resumed = batch("resume", "spring", "--budget", "much")
    assert (resumed.exit_code, "`budget`" in resumed.stderr) == (2, True)


def test_a_name_in_a_place_that_does_not_last_is_told_so() -> None:
    paused = run("spring", "--budget", "10", "--url", "memory://")
    assert "`memory://` forgets it now" in paused.stderr


def test_a_command_to_copy_is_quoted_and_holds_no_password() -> None:
    assert (
        Named("my batch", "sqlite:///a b.db").command("status")
        == "aijobs batch status 'my batch' --url 'sqlite:///a b.db'"
    )
    assert Named("spring", "postgresql://me:secret@host/db").command("pause") == "aijobs batch pause spring --url URL"
