"""The command as a shell runs it: exit codes, closed pipes, Ctrl-C."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import aijobs_sdk
from cli.children import AIJOBS, child, ended

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with more rows than can be done in a moment."""
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"q": f"Question {n}"}) + "\n" for n in range(500)))
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start commands in the folder, gone when the test is over."""
    with ExitStack() as stack:

        def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
            return stack.enter_context(child([*AIJOBS, *arguments], cwd=folder, env=environment))

        yield start


def test_bad_input_ends_with_2_and_a_message(start: Start) -> None:
    process = start("submit", "Hi", "--model", "gpt-5")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("Error: Unknown model 'gpt-5'. Did you mean 'gpt-5.2'?")


def test_a_job_ends_with_0_and_its_answer(start: Start) -> None:
    process = start("submit", "Hi", "--model", "gpt-5.2")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("# ")


@pytest.mark.parametrize(
    "arguments", [["models"], ["models", "--json"], ["submit", "Hi", "--model", "gpt-5.2"], ["--help"]]
)
def test_a_reader_that_leaves_early_causes_no_traceback(start: Start, arguments: list[str]) -> None:
    process = start(*arguments)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full is Linux's")
@pytest.mark.parametrize("arguments", [["models"], ["models", "--json"], ["submit", "Hi", "--model", "gpt-5.2"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_disk_that_is_full_is_told_in_a_line(arguments: list[str], unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        command = [*AIJOBS, *arguments]
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True, env=environment)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith("Error: The output cannot be written: No space left on device.")


@pytest.mark.parametrize("options", [[], ["--stream"]])
def test_an_answer_that_a_pipe_has_no_letters_for_is_not_lost(start: Start, options: list[str]) -> None:
    process = start("submit", "漢字", "--model", "gpt-5.2", *options, PYTHONIOENCODING="cp1252")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (0, False)
    assert out.startswith(r"# \u6f22\u5b57")


def test_json_stays_json_in_a_pipe_that_has_no_letters_for_it(start: Start) -> None:
    process = start("submit", "漢字 😀", "--model", "gpt-5.2", "--json", PYTHONIOENCODING="cp1252")
    out, _ = process.communicate(timeout=60)
    assert json.loads(out)["payload"]["prompt"] == "漢字 😀"


def test_a_program_that_was_closed_its_output_runs_its_job(folder: Path) -> None:
    command = shlex.join([*AIJOBS, "submit", "Hi", "--model", "gpt-5.2", "--stream"])
    done = subprocess.run(
        f"{command} <&- >&-", shell=True, stderr=subprocess.PIPE, text=True, cwd=folder, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("options", "is_asked"), [([], True), (["--yes", "--deadline", "0.1"], False)])
def test_a_dear_batch_of_the_real_world_is_asked_about_in_a_terminal(
    folder: Path, options: list[str], is_asked: bool
) -> None:
    keyboard, terminal = os.openpty()
    os.write(keyboard, b"n\n")
    world = {"AI_MOCK_MODE": "false", "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    command = [*AIJOBS, "batch", "rows.jsonl", "--prompt", "{q}", "--model", "gpt-5.2", "--out", "out.jsonl", *options]
    with os.fdopen(terminal), os.fdopen(keyboard):
        done = subprocess.run(
            command,
            stdin=terminal,
            capture_output=True,
            cwd=folder,
            env=os.environ | world,
            timeout=60,
            check=False,
        )
    assert (done.returncode, b"Run it?" in done.stderr) == (1, is_asked)
    assert not (folder / "out.jsonl").exists()


def test_no_bar_is_drawn_into_a_log_that_has_colours(start: Start, folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"q": "Hi"}\n')
    options = "--prompt {q} --model gpt-5.2 --out out.jsonl"
    assert ended(start("batch", "rows.jsonl", *options.split(), FORCE_COLOR="1")) == (0, "")


@pytest.mark.parametrize(("told", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_batch_that_is_told_to_end_says_so_in_one_line_and_leaves_no_file(
    start: Start, folder: Path, told: signal.Signals, code: int
) -> None:
    options = "--prompt {q} --model gpt-5.2 --out out.jsonl --usage-dir usage --profile typical --concurrency 1"
    process = start("batch", "rows.jsonl", *options.split(), AIJOBS_LOG="info")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Estimate: 500 of 500 rows to send")
    assert "dispatched job" in process.stderr.readline()
    process.send_signal(told)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert err.endswith("of 500 rows; nothing was written.\n")
    assert "Traceback" not in err
    assert [path.name for path in folder.iterdir()] == ["rows.jsonl"]


def test_who_waits_for_a_server_that_is_not_there_is_told_so_at_once(start: Start) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        process = start("submit", "Hi", "--model", "gpt-5.2", "--url", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        assert process.stderr is not None
        assert process.stderr.readline() == (
            "Waiting for the server (no connection could be made): for 60 s at most, or, where a job is followed, "
            "until it is back.\n"
        )
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", "Interrupted.\n")


@pytest.mark.parametrize(("told", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_is_told_to_end_leaves_a_job_that_is_kept_with_the_words_to_see_it_again(
    start: Start, folder: Path, told: signal.Signals, code: int
) -> None:
    url = f"sqlite:///{folder}/jobs.db"
    process = start("submit", "Hi", "--model", "gpt-5.2", "--profile", "typical", "--stream", "--url", url)
    assert process.stderr is not None
    assert process.stderr.read(1)  # of the answer
    process.send_signal(told)
    _, err = process.communicate(timeout=60)
    with aijobs_sdk.Client(url, concurrency=0) as client:
        [job] = client.list()
    assert (process.returncode, job.status) == (code, "pending")
    assert err.endswith(f"with `aijobs worker`.\nSee it: aijobs watch {job.id} --url {url}\nInterrupted.\n")
