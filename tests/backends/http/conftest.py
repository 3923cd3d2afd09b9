"""A backend whose server is a table of answers, in virtual time: no packet leaves the process."""

from __future__ import annotations

import httpx
import pytest
import respx
from pydantic import SecretStr

from aijobs_sdk.backends.http.backend import HttpBackend

KEY = "aij_canary_77"


@pytest.fixture
def server() -> respx.Router:
    """What the server answers; what is not in it fails the test."""
    return respx.Router(base_url="http://jobs.test", assert_all_called=False)


@pytest.fixture
def backend(server: respx.Router) -> HttpBackend:
    return HttpBackend(
        "http://jobs.test",
        api_key=SecretStr(KEY),
        chance=lambda: 0.5,
        open_transport=lambda: httpx.MockTransport(server.async_handler),
    )
