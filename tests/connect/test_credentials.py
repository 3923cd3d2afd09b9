"""Keys come from the environment or from the call, and go nowhere but to their vendor."""

from __future__ import annotations

import logging
import pickle
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import aijobs_sdk as aijobs
from aijobs_sdk.connect.credentials import read_credentials
from aijobs_sdk.providers.registry import open_providers
from aijobs_sdk.simulation.offline import offline

KEY = "sk-proj-0123456789abcdef"
VENDORS = {
    "gpt-5.2": ("openai", "OPENAI_API_KEY"),
    "claude-sonnet-4.5": ("bedrock", "AWS_ACCESS_KEY_ID"),
    "gemini-3-flash": ("vertex", "GOOGLE_CLOUD_PROJECT"),
}


@pytest.fixture(autouse=True)
def _real_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No mock mode, and a home without anybody's keys."""
    monkeypatch.setenv("AI_MOCK_MODE", "false")
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(("model", "provider", "variable"), [(name, *vendor) for name, vendor in VENDORS.items()])
def test_without_a_key_a_job_fails_at_once_and_says_what_to_set(model: str, provider: str, variable: str) -> None:
    with offline(), aijobs.Client() as client:
        job = client.submit("hi", model=model).wait(timeout=5)

    assert job.error is not None
    assert (job.error.category, job.error.provider, job.error.retryable) == ("authentication", provider, False)
    assert variable in job.error.message
    assert job.attempts == 1


def test_without_a_key_a_picture_fails_at_once_and_says_what_to_set() -> None:
    with offline(), aijobs.Client() as client:
        job = client.submit("a fox", type="image_generation").wait(timeout=5)

    assert job.error is not None
    assert (job.error.category, job.attempts) == ("authentication", 1)
    assert "OPENAI_API_KEY" in job.error.message


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with aijobs.Client() as client:
        error = client.submit("hi", model="gpt-5.2").wait(timeout=5).error

    assert error is not None
    assert "pip install 'aijobs-sdk[openai]'" in error.message


def test_the_first_route_that_is_set_up_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    with aijobs.Client() as client:
        error = client.submit("hi", model="claude-sonnet-4.5", max_attempts=1).wait(timeout=30).error

    assert error is not None
    assert (error.provider, error.code) == ("anthropic", "connection_failed")


def test_a_key_in_the_call_comes_before_the_environment() -> None:
    credentials = read_credentials({"OPENAI_API_KEY": "theirs"}, {"openai": KEY})
    assert credentials.openai.api_key == SecretStr(KEY)


@pytest.mark.parametrize(
    ("api_keys", "problem"),
    [
        ({"opanai": KEY}, "no vendor that takes a key. Did you mean 'openai'"),
        ({7: KEY}, "no vendor that takes a key. Known: "),
        ({"openai": " "}, "holds no key for 'openai'"),
        ({"openai": 7}, "holds no key for 'openai', but a number"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(api_keys: dict[Any, Any], problem: str) -> None:
    with pytest.raises(aijobs.InvalidRequestError, match=problem) as raised:
        aijobs.Client(api_keys=api_keys)
    assert KEY not in str(raised.value)


def test_a_key_is_shown_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    with aijobs.Client(f"sqlite:///{tmp_path}/jobs.db", api_keys={"openai": KEY}) as client:
        job = client.submit("hi", model="gpt-5.2", max_attempts=1)
        job.wait(timeout=30)
        shown = [repr(client), repr(job), repr(job.events()), str(job.exception()), repr(vars(job.exception()))]

    assert KEY not in "".join(shown)
    assert KEY not in caplog.text
    assert KEY.encode() not in pickle.dumps(job)
    assert KEY not in _dump(tmp_path / "jobs.db")


def test_a_home_that_may_not_be_looked_into_holds_no_keys() -> None:
    credentials = read_credentials({"HOME": "/proc/1/root"})
    assert (credentials.bedrock.has_others, credentials.vertex.has_credentials) == (False, False)


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://10.0.0.1", False),
        ("https://1proxy.example", False),
        ("https://127.0.0.1.example", False),
        ("https://proxy.example", False),
        ("http://[nowhere", False),
        ("", False),
    ],
)
def test_only_a_vertex_ai_on_this_machine_is_asked_without_credentials(url: str, is_here: bool) -> None:
    credentials = read_credentials({"GOOGLE_VERTEX_BASE_URL": url, "HOME": "/nowhere"})
    assert credentials.vertex.is_anonymous == is_here


@pytest.mark.parametrize(
    "url", ["http://[nowhere", "nonsense", "proxy.example:80", "ftp://proxy.example", "http://x:y"]
)
@pytest.mark.parametrize(
    ("vendor", "variable"),
    [
        ("openai", "OPENAI_BASE_URL"),
        ("anthropic", "ANTHROPIC_BASE_URL"),
        ("bedrock", "ANTHROPIC_BEDROCK_BASE_URL"),
        ("vertex", "GOOGLE_VERTEX_BASE_URL"),
    ],
)
def test_what_is_no_address_is_told_by_its_variable_before_anybody_is_asked(
    vendor: str, variable: str, url: str
) -> None:
    environment = {"GOOGLE_CLOUD_PROJECT": "made-up", "GOOGLE_APPLICATION_CREDENTIALS": "made-up.json", variable: url}
    keys = {"openai": KEY, "anthropic": KEY, "bedrock": KEY}
    told = open_providers(read_credentials(environment, keys)).missing
    assert told == {vendor: f"{variable} holds no address: write it as `https://proxy.example/v1`, or unset it."}


def test_keys_and_prompts_show_in_no_repr() -> None:
    credentials = read_credentials(
        {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "AWS_SECRET_ACCESS_KEY": KEY, "AWS_BEARER_TOKEN_BEDROCK": KEY}
    )
    assert KEY not in repr(credentials)


def test_no_vendor_is_loaded_before_it_is_asked() -> None:
    script = (
        "import sys, aijobs_sdk as aijobs\n"
        "aijobs.Client().submit(type='test_job').result()\n"
        "print([name for name in ('openai', 'anthropic', 'google.genai', 'aiohttp', 'boto3') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "[]\n"


def _dump(path: Path) -> str:
    with sqlite3.connect(path) as database:
        dumped = "\n".join(database.iterdump())
    database.close()
    return dumped
