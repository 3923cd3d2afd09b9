"""What every test may use: virtual time for async tests, an environment without settings, steady property tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from xdist.remote import Producer

from aijobs_sdk.simulation.virtual_time import VirtualLoop
from distribution import FilesInOneProcess, first_together
from services.postgres import PostgresServer, running_postgres

# Tests start hundreds of programs: what these import is compiled once, not by each, even where a variable forbids it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Every day the same examples, so that a red run means a change; AIJOBS_TORTURE=1 looks for new ones, and longer.
settings.register_profile("everyday", derandomize=True, deadline=None)
settings.register_profile("torture", max_examples=1000, deadline=None)
settings.load_profile("torture" if "AIJOBS_TORTURE" in os.environ else "everyday")

SETTINGS = (
    "AI_MOCK_MODE",
    "AIJOBS_URL",
    "AIJOBS_API_KEY",
    "AIJOBS_TENANT_ID",
    "AIJOBS_USER_ID",
    "AIJOBS_LEASE_SECONDS",
    "AIJOBS_ARTIFACTS",
    "AIJOBS_DISPLAY",
    "AIJOBS_LOG",
    "AIJOBS_LOG_FORMAT",
    "AIJOBS_MODELS",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_PROFILE",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_VERTEX_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest goes first."""
    first_together(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesInOneProcess:
    """With `-n`, a file stays in one process."""
    return FilesInOneProcess(config, log)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Async tests run on virtual time: an hour of waiting takes no time at all."""
    return "asyncio", {"loop_factory": lambda: VirtualLoop(always=True)}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own settings change no test."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL, started when the first test asks for it; no test cuts the power."""
    with running_postgres(durable=False) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh database on the PostgreSQL that all tests share."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)
