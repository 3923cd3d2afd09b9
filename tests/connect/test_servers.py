"""An address of a server, and a key: what else a client may be told there, and what it may not."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

import aijobs_sdk as aijobs
from aijobs_sdk.connect.servers import is_server, read_api_key
from aijobs_sdk.jobtypes.test_job import test_job as a_job_type

URL = "https://jobs.example.test"
SERVERS_OWN: list[tuple[str, Any]] = [
    ("tenant_id", UUID(int=1)),
    ("job_types", [a_job_type]),
    ("models", "models.toml"),
    ("providers", [object()]),
    ("api_keys", {"openai": "sk-any"}),
    ("concurrency", 7),
    ("limits", aijobs.Limits()),
    ("seed", 7),
    ("profile", "stress"),
    ("metrics", aijobs.InMemoryMetrics()),
    ("artifacts", "pictures"),
]


@pytest.mark.parametrize("kind", [aijobs.Client, aijobs.AsyncClient])
@pytest.mark.parametrize(("name", "value"), SERVERS_OWN)
def test_what_a_server_decides_is_refused_by_name(kind: type[aijobs.Client], name: str, value: Any) -> None:
    with pytest.raises(
        aijobs.InvalidRequestError, match=f"^`{name}` is for the server to decide: leave it out"
    ) as error:
        kind(URL, **{name: value})
    assert [problem.field for problem in error.value.fields] == [name]


def test_what_says_nothing_is_no_reason_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_TENANT_ID", str(UUID(int=9)))
    monkeypatch.setenv("AIJOBS_ARTIFACTS", "pictures")
    aijobs.Client(URL, user_id=UUID(int=3), concurrency=0, seed=0, profile="fast", job_types=[]).close()


@pytest.mark.parametrize("kind", [aijobs.Client, aijobs.AsyncClient])
def test_a_server_cannot_be_simulated_from_here(kind: type[aijobs.Client]) -> None:
    with aijobs.mock(), pytest.raises(aijobs.ConfigurationError, match="a world and a time of its own"):
        kind(URL)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://", "This is no address of a server"),
        ("http:///path", "This is no address of a server"),
        ("https://user:secret@jobs.example.test", "The address holds a user or a password"),
        ("https://aij_secret@jobs.example.test", "The address holds a user or a password"),
        ("https://jobs.example.test?key=secret", "The address of a server has no"),
        ("https://jobs.example.test#secret", "The address of a server has no"),
    ],
)
def test_an_address_is_a_host_and_no_place_for_a_secret(url: str, says: str) -> None:
    with pytest.raises(aijobs.ConfigurationError, match=says) as error:
        aijobs.Client(url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("key", ["", "  ", 7, SecretStr("")])
def test_a_key_that_is_none_is_refused(key: Any) -> None:
    with pytest.raises(aijobs.InvalidRequestError, match=r"^`api_key` should be a key"):
        aijobs.Client(URL, api_key=key)


@pytest.mark.parametrize("kind", [aijobs.Client, aijobs.AsyncClient])
@pytest.mark.parametrize("name", ["http_limits", "http_hooks"])
def test_what_is_no_way_to_ask_a_server_is_refused_by_name(kind: type[aijobs.Client], name: str) -> None:
    given: dict[str, Any] = {name: 7}
    with pytest.raises(aijobs.InvalidRequestError, match=rf"^`{name}` must be `aijobs\.Http\w+\(\.\.\.\)`, got"):
        kind(URL, **given)


@pytest.mark.parametrize("kind", [aijobs.Client, aijobs.AsyncClient])
@pytest.mark.parametrize("name", ["api_key", "metrics", "limits"])
def test_what_cannot_be_used_is_refused_by_name_in_this_process_too(kind: type[aijobs.Client], name: str) -> None:
    given: dict[str, Any] = {name: object()}
    with pytest.raises(aijobs.InvalidRequestError, match=rf"`{name}` .*, got"):
        kind("memory://", **given)


def test_a_key_in_the_call_comes_before_the_environments() -> None:
    environment = {"AIJOBS_API_KEY": " from the environment "}
    said = [read_api_key(environment, given) for given in (None, "from the call", SecretStr("from the call"))]
    assert [key and key.get_secret_value() for key in said] == ["from the environment", *["from the call"] * 2]


@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_variable_is_no_key(value: str) -> None:
    assert read_api_key({"AIJOBS_API_KEY": value}, None) is None


@pytest.mark.parametrize(
    ("url", "known"),
    [(URL, True), ("http://[::1]:8765", True), ("HTTP://host", True), ("memory://", False), ("sqlite:///a.db", False)],
)
def test_a_server_is_told_by_its_scheme(url: str, known: bool) -> None:
    assert is_server(url) is known


def test_a_client_of_a_server_asks_nobody_until_it_is_used() -> None:
    with aijobs.Client("http://127.0.0.1:1") as client:
        assert client.job(UUID(int=1)).id == UUID(int=1)


def test_an_async_client_of_a_server_is_made_without_a_loop_and_closed_on_any() -> None:
    asyncio.run(aijobs.AsyncClient(URL).close())


@pytest.mark.parametrize("url", ["http://[::1", "https://[host]", "postgresql://me:secret@[::1/jobs", "memory://["])
def test_an_address_whose_host_cannot_be_read_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(aijobs.ConfigurationError, match="no host can be read") as refused:
        aijobs.Client(url)
    assert "secret" not in str(refused.value)


def test_the_environments_address_is_read_as_strictly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_URL", "http://[::1")
    with pytest.raises(aijobs.ConfigurationError, match="AIJOBS_URL"):
        aijobs.Client()
