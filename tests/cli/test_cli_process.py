"""The command as a shell runs it: exit codes, closed pipes, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

AIJOBS = [sys.executable, "-c", "from aijobs_sdk.cli.main import main; main()"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with more rows than can be done in a moment."""
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"q": f"Question {n}"}) + "\n" for n in range(500)))
    return tmp_path


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*AIJOBS, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | environment,
    )


def test_bad_input_ends_with_2_and_a_message(folder: Path) -> None:
    process = start(folder, "submit", "Hi", "--model", "gpt-5")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("Error: Unknown model 'gpt-5'. Did you mean 'gpt-5.2'?")


def test_a_job_ends_with_0_and_its_answer(folder: Path) -> None:
    process = start(folder, "submit", "Hi", "--model", "gpt-5.2")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("# ")


@pytest.mark.parametrize(
    "arguments", [["models"], ["models", "--json"], ["submit", "Hi", "--model", "gpt-5.2", "--stream"], ["--help"]]
)
def test_a_reader_that_leaves_early_causes_no_traceback(folder: Path, arguments: list[str]) -> None:
    with start(folder, *arguments) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_ctrl_c_in_a_batch_is_one_line_and_leaves_no_file(folder: Path) -> None:
    options = "--prompt {q} --model gpt-5.2 --out out.jsonl --usage-dir usage --profile typical --concurrency 1"
    process = start(folder, "batch", "rows.jsonl", *options.split(), AIJOBS_LOG="info")
    assert process.stderr is not None
    assert "dispatched job" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.endswith("of 500 rows; nothing was written.\n")
    assert "Traceback" not in err
    assert [path.name for path in folder.iterdir()] == ["rows.jsonl"]
