"""A client that is sent to another process stays as simulated as it was: nothing is asked for real there."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import aijobs_sdk as aijobs
from client.scripts import run

Made = Callable[[], Any]


def there(made: object, ask: str) -> list[str]:
    """Return what a fresh process with AI_MOCK_MODE off prints of `ask`, where `made` is what was sent to it."""
    script = f"import pickle, sys, aijobs_sdk as aijobs\nmade = pickle.load(sys.stdin.buffer)\nprint({ask})"
    environment = {**os.environ, "AI_MOCK_MODE": "false", "OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": "http://[::1]:1"}
    ended = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(made), capture_output=True, check=False, env=environment
    )
    return (ended.stdout + ended.stderr).decode().splitlines()


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_MOCK_MODE", "false")


@pytest.mark.parametrize("ask", ["made.submit('hi', model='gpt-5.2')", "made.job(made.now()).job", "list(made.list())"])
def test_a_client_of_a_mock_world_is_refused_in_another_process(ask: str) -> None:
    with aijobs.mock():
        told = there(aijobs.Client(), ask)
    assert "ConfigurationError: This client belongs to a mock world of another process" in told[-1]


def test_a_handle_of_a_mock_world_is_refused_in_another_process() -> None:
    with aijobs.mock():
        told = there(aijobs.Client().submit(type="test_job"), "made.status")
    assert "ConfigurationError: This client belongs to a mock world of another process" in told[-1]


def test_a_client_away_from_its_world_says_so_and_closes_quietly() -> None:
    with aijobs.mock():
        told = there(aijobs.Client(), "made, made.close()")
    assert told == ["<Client memory://, simulated (aijobs.mock of another process)> None"]


def test_a_worker_of_a_pool_survives_a_client_that_is_away_from_its_world() -> None:
    ended = run("""
        import multiprocessing, os, aijobs_sdk as aijobs
        os.environ["AI_MOCK_MODE"] = "false"
        with aijobs.mock():
            client = aijobs.Client()
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                try:
                    pool.apply(aijobs.Client.submit, (client, "hi"), {"model": "gpt-5.2"})
                except aijobs.ConfigurationError as error:
                    print(error.code)
    """)
    assert (ended.stdout, ended.stderr) == ("configuration\n", "")


def test_a_simulated_client_is_simulated_in_another_process_whatever_is_set_there() -> None:
    told = there(aijobs.Client(seed=3, profile="instant"), "made, made.submit('hi', model='gpt-5.2').wait().status")
    assert told == ["<Client memory://, simulated (profile instant, seed 3)> completed"]


@pytest.mark.usefixtures("unset")
def test_a_real_client_goes_by_what_is_set_where_it_comes_to() -> None:
    data = pickle.dumps(aijobs.Client())
    assert repr(pickle.loads(data)) == "<Client memory://, real>"
    with aijobs.mock(seed=7):
        assert "aijobs.mock, seed 7" in repr(pickle.loads(data))


@pytest.mark.usefixtures("unset")
@pytest.mark.parametrize("kind", [aijobs.Client, aijobs.AsyncClient])
def test_a_client_that_is_gone_is_opened_anew_in_its_world(kind: type[aijobs.Client | aijobs.AsyncClient]) -> None:
    with aijobs.mock(seed=7) as sim:
        data = pickle.dumps(kind())
    assert "aijobs.mock, seed 7" in repr(pickle.loads(data))
    assert sim.seed == 7


def test_a_client_that_comes_home_is_itself_again() -> None:
    with aijobs.mock():
        client = aijobs.Client()
        [sent_back] = there(client, "pickle.dumps(made).hex()")
        assert pickle.loads(bytes.fromhex(sent_back)) is client
