"""`aijobs serve` as an operator runs it: real processes and signals, over memory, SQLite and PostgreSQL."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner

import aijobs_sdk
from aijobs_sdk.cli.commands import aijobs
from aijobs_sdk.connect.keys import create_key
from aijobs_sdk.contract.keys import Scope
from cli.children import AIJOBS, child, ended, said

KEY = f"aij_{'k' * 12}_{'s' * 43}"
PROMPT = "Write about the secret river"
Server = subprocess.Popen[str]
Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start servers at free ports, gone when the test is over."""
    with ExitStack() as stack:

        def start(url: str, *options: str, **environment: str) -> Server:
            command = [*AIJOBS, "serve", "--url", url, "--port", "0", *options]
            running: AbstractContextManager[Server] = child(command, cwd=tmp_path, env=environment)
            return stack.enter_context(running)

        yield start


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/jobs.db"


def new_key(database: str, tenant_id: UUID | None = None) -> str:
    scopes = [Scope.READ, Scope.WRITE]
    return create_key(database, name="laptop", scopes=scopes, tenant_id=tenant_id)[1].get_secret_value()


def begun(client: aijobs_sdk.Client) -> UUID:
    """Return a job that runs for ten minutes, and has begun."""
    job = client.submit(type="test_job", payload={"seconds": 600})
    assert "started" in (event.kind for event in job.stream())
    return job.id


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_server_in_memory_says_how_it_is_asked_and_ends_cleanly(start: Start, told: signal.Signals) -> None:
    server = start("memory://")
    url, key = said(server, "AIJOBS_URL"), said(server, "AIJOBS_API_KEY")
    with aijobs_sdk.Client(url, api_key=key) as client:
        assert client.submit(PROMPT, model="gpt-5.2").result(timeout=30).content
    server.send_signal(told)
    code, log = ended(server)
    assert (code, "Traceback" in log, key in log, PROMPT in log) == (0, False, False, False)
    assert "server has stopped" in log


def test_a_server_in_memory_takes_the_key_of_its_environment_and_keeps_it_to_itself(start: Start) -> None:
    server = start("memory://", AIJOBS_API_KEY=KEY)
    with aijobs_sdk.Client(said(server, "AIJOBS_URL"), api_key=KEY) as client:
        assert client.health().healthy
    server.terminate()
    out, log = server.communicate(timeout=60)
    assert "AIJOBS_API_KEY" not in out + log


def test_jobs_under_way_are_given_back_uncounted_when_the_server_stops(start: Start, database: str) -> None:
    server = start(database)
    with aijobs_sdk.Client(said(server, "AIJOBS_URL"), api_key=new_key(database)) as client:
        begun(client)
    server.terminate()
    ended(server)
    with aijobs_sdk.Client(database, concurrency=0) as left:
        [job] = left.list()
    assert (job.status, job.job.attempts) == ("pending", 0)


def test_jobs_of_a_server_that_was_killed_run_again_in_the_next(start: Start, database: str) -> None:
    server = start(database, AIJOBS_LEASE_SECONDS="1")
    key = new_key(database)
    with aijobs_sdk.Client(said(server, "AIJOBS_URL"), api_key=key) as client:
        job_id = begun(client)
    server.kill()
    ended(server)
    with aijobs_sdk.Client(said(start(database, AIJOBS_LEASE_SECONDS="1"), "AIJOBS_URL"), api_key=key) as client:
        events = (event.kind for event in client.job(job_id).stream())
        assert [next(kind for kind in events if kind == "started") for _ in range(2)] == ["started", "started"]


def test_a_key_opens_the_jobs_of_its_tenant_alone(start: Start, database: str) -> None:
    url = said(start(database), "AIJOBS_URL")
    theirs = aijobs_sdk.Client(url, api_key=new_key(database, tenant_id=UUID(int=7)))
    with theirs, aijobs_sdk.Client(url, api_key=new_key(database)) as ours:
        job_id = theirs.submit(type="test_job").id
        with pytest.raises(aijobs_sdk.JobNotFoundError):
            ours.job(job_id).refresh()


def test_a_tenant_may_have_as_much_as_the_operator_says(start: Start) -> None:
    server = start("memory://", "--max-active-jobs", "1", "--max-streams", "1", "--requests-per-second", "100")
    url, key = said(server, "AIJOBS_URL"), said(server, "AIJOBS_API_KEY")
    with aijobs_sdk.Client(url, api_key=key) as client:
        begun(client)
        with pytest.raises(aijobs_sdk.TooManyJobsError, match="1 unfinished"):
            client.submit(type="test_job")


def test_a_server_over_postgresql_runs_jobs(start: Start, postgres_url: str) -> None:
    server = start(postgres_url)
    with aijobs_sdk.Client(said(server, "AIJOBS_URL"), api_key=new_key(postgres_url)) as client:
        assert client.submit(PROMPT, model="gpt-5.2").result(timeout=30).content
    server.terminate()
    code, log = ended(server)
    assert (code, "Traceback" in log) == (0, False)


def test_who_is_still_following_a_job_does_not_hold_the_server_up(start: Start) -> None:
    server = start("memory://", "--insecure-no-keys")
    with aijobs_sdk.Client(said(server, "AIJOBS_URL")) as client:
        stream = client.submit(type="test_job", payload={"seconds": 600}).stream()
        assert next(stream).kind == "accepted"
        server.terminate()
        assert server.wait(timeout=5) == 0


def test_a_port_in_use_ends_with_2_and_one_line(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        server = start("memory://", "--port", port)
        out, log = server.communicate(timeout=60)
    assert (server.returncode, out) == (2, "")
    assert log.splitlines() == [
        f"Error: Cannot listen at 127.0.0.1:{port}: Address already in use. Choose another --port or --host."
    ]


def test_a_server_for_other_machines_wants_a_key(start: Start) -> None:
    server = start("memory://", "--host", "0.0.0.0")
    url, key = said(server, "AIJOBS_URL"), said(server, "AIJOBS_API_KEY")
    with aijobs_sdk.Client(url) as stranger, pytest.raises(aijobs_sdk.AuthenticationError):
        list(stranger.list())
    with aijobs_sdk.Client(url, api_key=key) as client:
        assert list(client.list()) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.test"])
def test_a_server_for_other_machines_cannot_do_without_keys(host: str) -> None:
    result = CliRunner().invoke(aijobs, ["serve", "--insecure-no-keys", "--host", host])
    assert result.exit_code == 2
    assert "leave --host at 127.0.0.1" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--url", "https://example.test"], "no other server's"),
        (["--url", "memory://", "--concurrency", "0"], "nobody would run them"),
        (["--url", "memory://", "--requests-per-second", "nan"], "`requests_per_second` input should be greater"),
        (["--url", "memory://", "--host", "203.0.113.1"], "Cannot listen at 203.0.113.1:8000: "),
    ],
)
def test_what_cannot_be_served_is_refused_in_a_sentence(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(aijobs, ["serve", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr


def test_a_key_in_the_environment_that_is_none_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_API_KEY", "hunter2")
    result = CliRunner().invoke(aijobs, ["serve", "--url", "memory://"])
    assert (result.exit_code, "does not read like a key" in result.stderr) == (2, True)
    assert "hunter2" not in result.stderr


def test_the_log_is_json_where_that_is_asked_for(start: Start) -> None:
    server = start("memory://", "--insecure-no-keys", AIJOBS_LOG="debug", AIJOBS_LOG_FORMAT="json")
    url = said(server, "AIJOBS_URL")
    with aijobs_sdk.Client(url) as client:
        client.submit(PROMPT, model="gpt-5.2").result(timeout=30)
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as nonsense:
        nonsense.sendall(b"this is no HTTP\r\n\r\n")
        assert nonsense.recv(100).startswith(b"HTTP/1.1 400 ")
    server.terminate()
    _, log = ended(server)
    messages = [json.loads(line)["message"] for line in log.splitlines()]
    assert any(message.startswith("POST /api/jobs 201") for message in messages)
    assert "Invalid HTTP request received." in messages
    assert PROMPT not in log
