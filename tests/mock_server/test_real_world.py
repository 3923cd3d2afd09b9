"""With AI_MOCK_MODE off, jobs go over real sockets: here to the vendors that `mock_server` plays."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.mock import Mock
from mock_server.server import running

ROUTES = [
    ("gpt-5.2", "openai"),
    ("claude-sonnet-4.5", "bedrock"),
    ("claude-sonnet-4.5", "anthropic"),
    ("gemini-3-flash", "vertex"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server for the tests of this file."""
    with running(partial(Mock, 7, "fast", virtual=False)) as url:
        yield url


@pytest.fixture
def client(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[aijobs.Client]:
    """A client in a world of which this machine is all."""
    httpx.post(f"{server}/_sim/reset").raise_for_status()
    settings = {
        "AI_MOCK_MODE": "false",
        "AIJOBS_ARTIFACTS": str(tmp_path),
        "ANTHROPIC_API_KEY": "any",
        "ANTHROPIC_BASE_URL": server,
        "ANTHROPIC_BEDROCK_BASE_URL": server,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "GOOGLE_CLOUD_PROJECT": "any",
        "GOOGLE_VERTEX_BASE_URL": server,
        "OPENAI_API_KEY": "any",
        "OPENAI_BASE_URL": f"{server}/v1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with aijobs.Client() as client:
        yield client


@pytest.mark.parametrize(("model", "provider"), ROUTES)
def test_a_text_is_written_while_it_is_watched(client: aijobs.Client, model: str, provider: str) -> None:
    job = client.submit("Write about rivers", model=model, provider=provider)
    pieces = list(job.stream_text())
    result = job.result()

    assert len(pieces) > 1
    assert "".join(pieces) == result.content
    assert result.provider == provider
    [row] = client.usage()
    assert (row.provider, row.output_tokens, row.credits_used) == (provider, result.output_tokens, result.credits_used)


def test_a_picture_is_drawn_and_kept(client: aijobs.Client, tmp_path: Path) -> None:
    [picture] = client.submit("a red fox", type="image_generation").result().images

    [kept] = tmp_path.rglob("*.png")
    assert picture.url == kept.as_uri()
    assert (picture.width, picture.height) == (1024, 1024)


def test_a_batch_is_run_to_its_end(client: aijobs.Client) -> None:
    batch = client.batch([f"river {n}" for n in range(20)], prompt="Explain {text}.", model="gpt-5.2")
    rows = batch.run()

    assert [row.status for row in rows] == ["completed"] * 20
    assert sum(row.credits_used for row in client.usage()) == sum(row.credits or 0 for row in rows)


def test_a_limit_is_waited_for(client: aijobs.Client, server: str) -> None:
    rule = {"match": {"model": "gpt-5.2"}, "steps": [{"fault": {"kind": "status", "status": 429, "retry_after": 1}}]}
    httpx.post(f"{server}/_sim/rules", json=rule).raise_for_status()
    job = client.submit("Write about rivers", model="gpt-5.2", max_attempts=1)

    error = job.wait(timeout=30).error

    assert error is not None
    assert (error.code, error.details["retry_after_seconds"]) == ("rate_limited", 1)
