"""What every test may use: virtual time for async tests, and an environment without settings."""

from __future__ import annotations

from typing import Any

import pytest

from aijobs_sdk.simulation.virtual_time import VirtualLoop


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Async tests run on virtual time: an hour of waiting takes no time at all."""
    return "asyncio", {"loop_factory": lambda: VirtualLoop(always=True)}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own settings change no test."""
    for name in ("AI_MOCK_MODE", "AIJOBS_URL", "AIJOBS_API_KEY", "AIJOBS_TENANT_ID", "AIJOBS_USER_ID", "AIJOBS_LOG"):
        monkeypatch.delenv(name, raising=False)
