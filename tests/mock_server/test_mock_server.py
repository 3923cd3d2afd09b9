"""The simulation over HTTP, as the vendors' own libraries and anybody with a socket find it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from google import genai

from aijobs_sdk.simulation.mock import Mock
from mock_server.server import running

RIVERS: list[Any] = [{"role": "user", "content": "Tell me about rivers"}]
RULE = {"match": {"model": "gpt-5.2"}, "steps": [{"fault": {"kind": "status", "status": 429, "retry_after": 1}}]}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server for the tests of this file."""
    with running(partial(Mock, 7, "fast", virtual=False)) as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    httpx.post(f"{server}/_sim/reset").raise_for_status()
    return server


def client(url: str, **options: Any) -> openai.OpenAI:
    given: dict[str, Any] = {"base_url": f"{url}/v1", "api_key": "sk-any", "max_retries": 0}
    return openai.OpenAI(**given | options)


def add(url: str, fault: str, **details: Any) -> None:
    rule = {"match": {"model": "gpt-5.2"}, "steps": [{"fault": {"kind": fault, **details}}]}
    httpx.post(f"{url}/_sim/rules", json=rule).raise_for_status()


def streamed(api: openai.OpenAI) -> list[Any]:
    return list(api.chat.completions.create(model="gpt-5.2", messages=RIVERS, stream=True))


def test_openai_is_served(url: str) -> None:
    answer = client(url).chat.completions.create(model="gpt-5.2", messages=RIVERS)
    chunks = streamed(client(url))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == answer.choices[0].message.content


def test_google_is_served(url: str) -> None:
    api = genai.Client(api_key="any", http_options={"base_url": url})
    assert api.models.generate_content(model="gemini-3-flash-preview", contents="Tell me about rivers").text


def test_a_stream_comes_while_it_is_written(url: str) -> None:
    body = {"model": "gpt-5.2", "messages": RIVERS, "stream": True}
    headers = {"authorization": "Bearer any"}
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=body, headers=headers) as response:
        arrived = [time.monotonic() for _ in response.iter_raw()]
    assert len(arrived) > 5
    assert arrived[-1] - arrived[0] > 0.02


def test_a_rule_is_one_post_away(url: str) -> None:
    httpx.post(f"{url}/_sim/rules", json=RULE).raise_for_status()
    with pytest.raises(openai.RateLimitError) as refused:
        client(url).chat.completions.create(model="gpt-5.2", messages=RIVERS)
    assert refused.value.response.headers["retry-after"] == "1"


def test_the_librarys_own_retry_gets_the_next_step(url: str) -> None:
    add(url, "status", status=500)
    assert client(url, max_retries=1).chat.completions.create(model="gpt-5.2", messages=RIVERS).choices
    attempts = [call["attempt"] for call in httpx.get(f"{url}/_sim/journal").json()["calls"]]
    assert attempts == [1, 2]


def test_a_rule_that_is_none_is_refused_by_its_fields(url: str) -> None:
    answer = httpx.post(f"{url}/_sim/rules", json={"match": {"modle": "gpt-5.2"}, "steps": []})
    assert answer.status_code == 400
    assert "modle" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/_sim/rules", "/_sim/scenario"])
@pytest.mark.parametrize("body", [b"", b'{"steps": [', b"\xff"])
def test_a_rule_that_is_no_json_is_refused_as_such(url: str, path: str, body: bytes) -> None:
    answer = httpx.post(f"{url}{path}", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "The body is no JSON. Nothing was applied."


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"steps": [], "steps": [{"ok": {}}]}', "steps"),
        ('{"steps": [{"ok": {}}, {"fault": {"status": 429, "status": 500}}]}', "steps[1].fault.status"),
    ],
)
def test_a_rule_with_a_field_twice_is_refused_by_its_place(url: str, body: str, field: str) -> None:
    answer = httpx.post(f"{url}/_sim/rules", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == f"{field} is there twice. Nothing was applied."


@pytest.mark.parametrize("fault", ["reset", "connect_error"])
def test_a_connection_breaks_where_the_script_says_so(url: str, fault: str) -> None:
    add(url, fault)
    with pytest.raises(openai.APIConnectionError):
        streamed(client(url))


def test_a_truncated_stream_ends_cleanly_without_a_finish_reason(url: str) -> None:
    add(url, "truncate", after_tokens=10)
    assert streamed(client(url))[-1].choices[0].finish_reason is None


def test_a_stall_is_ended_by_the_callers_own_limit(url: str) -> None:
    add(url, "stall", after_tokens=10)
    with pytest.raises(openai.APITimeoutError):
        streamed(client(url, timeout=0.3))


def test_the_journal_says_what_was_called_but_not_the_prompt(url: str) -> None:
    streamed(client(url))
    journal = httpx.get(f"{url}/_sim/journal")
    assert [(call["model"], call["outcome"]) for call in journal.json()["calls"]] == [("gpt-5.2", "ok")]
    assert "rivers" not in journal.text


def test_a_caller_without_a_key_is_refused(url: str) -> None:
    answer = httpx.post(f"{url}/v1/chat/completions", json={"model": "gpt-5.2", "messages": RIVERS})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


def test_where_keys_are_not_required_nobody_needs_one() -> None:
    with running(partial(Mock, virtual=False), keys_required=False) as open_url:
        body = {"model": "gpt-5.2", "messages": RIVERS}
        assert httpx.post(f"{open_url}/v1/chat/completions", json=body).status_code == 200


@pytest.mark.parametrize("path", ["/", "/v1/nothing", "/_sim/nothing"])
def test_a_path_that_nobody_has_is_not_found(url: str, path: str) -> None:
    assert httpx.get(f"{url}{path}").status_code == 404


@pytest.mark.parametrize(
    ("header", "kind"),
    [("authorization", "invalid_request_error"), ("x-api-key", "not_found_error"), ("x-goog-api-key", "NOT_FOUND")],
)
def test_a_path_that_a_vendor_has_not_is_refused_in_its_words(url: str, header: str, kind: str) -> None:
    answer = httpx.get(f"{url}/v1/agents", headers={header: "any"})
    error = answer.json()["error"]
    assert (answer.status_code, error.get("type", error.get("status"))) == (404, kind)


def test_a_body_that_is_too_long_is_refused(url: str) -> None:
    answer = httpx.post(f"{url}/v1/chat/completions", content=b"x" * 20_100_000)
    assert answer.status_code == 413


def test_a_request_that_is_cut_off_is_none_even_if_its_beginning_would_be_one(url: str) -> None:
    add(url, "status", status=429)
    body = json.dumps({"model": "gpt-5.2", "messages": RIVERS})
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer x\r\nContent-Length: 999\r\n\r\n"
    with socket.create_connection((httpx.URL(url).host, httpx.URL(url).port)) as caller:
        caller.sendall((head + body).encode())
        caller.shutdown(socket.SHUT_WR)
        assert caller.recv(1) == b""
    assert httpx.get(f"{url}/_sim/journal").json() == {"calls": []}


def test_the_file_of_a_batch_may_be_longer_than_other_requests(url: str) -> None:
    file = ("many.jsonl", b"x" * 20_100_000)
    assert client(url).files.create(file=file, purpose="batch").bytes == 20_100_000


def test_a_reset_that_finds_no_scenario_says_so_and_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "busy.toml"
    file.write_text('[[rules]]\nsteps = [{ok = {text = "Hello"}}]')

    def new_world() -> Mock:
        world = Mock(virtual=False)
        world.load(file)
        return world

    with running(new_world) as url:
        file.unlink()
        answer = httpx.post(f"{url}/_sim/reset")
        said = client(url).chat.completions.create(model="gpt-5.2", messages=RIVERS).choices[0].message.content
    assert (answer.status_code, said) == (400, "Hello")
    assert "Cannot read the scenario" in answer.json()["error"]


def test_a_scenario_that_cannot_be_used_ends_with_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("sed = 7\n")
    command = [sys.executable, "-m", "mock_server", "--port", "0", "--scenario", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode != 0
    assert "bad.toml, line 1: sed is not a field here" in ended.stderr


@pytest.mark.parametrize("library", ["click", "uvicorn", "fastapi"])
def test_a_mock_server_without_its_libraries_names_the_extra(library: str) -> None:
    code = f"import sys, runpy; sys.modules[{library!r}] = None; runpy.run_module('mock_server', run_name='__main__')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    says = f"A mock server needs {library}: pip install 'aijobs-sdk[server]'.\n"
    assert (ended.returncode, ended.stderr) == (2, says)
