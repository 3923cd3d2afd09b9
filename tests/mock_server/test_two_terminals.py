"""`python -m mock_server` in one terminal, and in the other a client that knows its address and its key alone."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from click.testing import CliRunner, Result

import aijobs_sdk
from aijobs_sdk.cli.commands import aijobs
from aijobs_sdk.connect.settings import LOCAL_TENANT
from cli.children import MOCK_SERVER, child, ended, said

FAILING = {"match": {"prompt": "*broken*"}, "steps": [{"fault": {"kind": "auth"}, "forever": True}]}
README = Path(__file__).parents[2] / "README.md"


class Address(NamedTuple):
    url: str
    key: str


@pytest.fixture(scope="module")
def first_terminal() -> Iterator[Address]:
    with child([*MOCK_SERVER, "--port", "0"]) as server:
        yield Address(said(server, "AIJOBS_URL"), said(server, "AIJOBS_API_KEY"))


@pytest.fixture(autouse=True)
def _second_terminal(first_terminal: Address, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    httpx.post(f"{first_terminal.url}/_sim/reset").raise_for_status()
    monkeypatch.setenv("AIJOBS_URL", first_terminal.url)
    monkeypatch.setenv("AIJOBS_API_KEY", first_terminal.key)
    monkeypatch.setenv("AIJOBS_TENANT_ID", "00000000-0000-0000-0000-000000000009")  # to a server it says nothing
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(aijobs, arguments)


def failed_job(first_terminal: Address) -> str:
    """Return the id of a job that left a dead letter."""
    httpx.post(f"{first_terminal.url}/_sim/rules", json=FAILING).raise_for_status()
    result = run("submit", "broken", "--model", "gpt-5.2", "--json")
    assert result.exit_code == 1
    return str(json.loads(result.stdout)["id"])


@pytest.mark.parametrize(("place", "ending", "jobs"), [(0, "", 3), (1, "asyncio.run(main())", 1)])
def test_the_examples_of_the_readme_run_against_the_server(place: int, ending: str, jobs: int, tmp_path: Path) -> None:
    examples = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(
        f"import asyncio\nimport aijobs_sdk as aijobs\n{examples[place]}\nif {place}: asyncio.run(main())\n"
    )
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    with aijobs_sdk.Client() as client:
        assert len(list(client.list())) == jobs


def test_health_is_the_servers() -> None:
    result = run("health")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "healthy")
    assert "of 100 places taken" in result.stdout


@pytest.mark.parametrize("how", [[], ["--stream"]])
def test_a_job_is_submitted_and_its_answer_printed(how: list[str]) -> None:
    result = run("submit", "Write about rivers", "--model", "gpt-5.2", *how)
    assert (result.exit_code, result.stderr) == (0, result.stdout if how else "")
    assert result.stdout.startswith("# ")


def test_the_key_says_whose_jobs_they_are_and_no_variable_here() -> None:
    job = json.loads(run("submit", "Write about rivers", "--model", "gpt-5.2", "--json").stdout)
    assert job["tenant_id"] == str(LOCAL_TENANT)


def test_a_job_is_watched_from_elsewhere() -> None:
    job_id = run("submit", "Write about rivers", "--model", "gpt-5.2", "--no-wait").stdout.strip()
    result = run("watch", job_id)
    assert (result.exit_code, "completed" in result.stdout) == (0, True)


def test_a_batch_is_run_and_its_usage_exported(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"q": f"river {n}"}) + "\n" for n in range(5)))
    options = "--prompt {q} --model gpt-5.2 --out out.jsonl --usage-dir usage"
    result = run("batch", "rows.jsonl", *options.split())
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(row["index"], row["status"]) for row in rows] == [(n, "completed") for n in range(5)]
    assert aijobs_sdk.Usage("usage").report(f"{datetime.now(UTC):%Y-%m}").totals.rows == 5


def test_dead_letters_are_listed_shown_and_replayed(first_terminal: Address) -> None:
    job_id = failed_job(first_terminal)
    assert job_id in run("dlq", "list").stdout
    assert run("dlq", "show", job_id).exit_code == 0
    replayed = run("dlq", "replay", job_id)
    assert replayed.exit_code == 0, replayed.stderr


def test_schedules_are_added_listed_and_removed() -> None:
    added = run("schedule", "add", "nightly", "Write", "--cron", "0 3 * * *", "--model", "gpt-5.2")
    assert added.exit_code == 0, added.stderr
    assert "nightly" in run("schedule", "list").stdout
    assert run("schedule", "remove", "nightly").exit_code == 0
    assert run("schedule", "list").stdout == ""


def test_a_wrong_key_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_API_KEY", "hunter2")
    result = run("submit", "Hi", "--model", "gpt-5.2")
    assert (result.exit_code, "does not know the API key" in result.stderr) == (2, True)
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_cleanly_in_the_middle_of_a_job(told: signal.Signals) -> None:
    server_command = [*MOCK_SERVER, "--port", "0", "--insecure-no-keys", "--clock", "virtual"]
    with child(server_command) as server, aijobs_sdk.Client(said(server, "AIJOBS_URL")) as client:
        stream = client.submit(type="test_job", payload={"seconds": 600}).stream()
        next(stream)
        server.send_signal(told)
        assert ended(server) == (0, "")


def test_a_port_in_use_ends_with_2_and_one_line(first_terminal: Address) -> None:
    port = first_terminal.url.rpartition(":")[2]
    with child([*MOCK_SERVER, "--port", port]) as server:
        code, error = ended(server)
    assert (code, error.count("\n")) == (2, 1)
    assert error.startswith(f"Error: Cannot listen at 127.0.0.1:{port}: Address already in use.")
