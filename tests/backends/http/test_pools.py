"""What the environment says of proxies and certificates: heeded, or refused by the names of its variables."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from aijobs_sdk.backends.http.address import address_of
from aijobs_sdk.backends.http.limits import HttpLimits
from aijobs_sdk.backends.http.pools import open_pool
from aijobs_sdk.contract.errors import ConfigurationError


def opened(url: str) -> httpx.AsyncClient:
    return open_pool(address_of(url), HttpLimits(), None)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("ALL_PROXY", "socks5://me:hunter2@proxy:1", r"pip install 'httpx\[socks\]'"),
        ("HTTP_PROXY", "ftp://me:hunter2@proxy", "hold `http://host:port`"),
        ("NO_PROXY", "[::", "NO_PROXY hosts separated by commas"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_by_its_variables(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=told) as refused:
        opened("http://jobs.example")
    assert (variable in str(refused.value), "hunter2" in str(refused.value)) == (True, False)


@pytest.mark.parametrize("host", ["jobs.example", "localhost"])
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_told_by_their_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, content: str | None
) -> None:
    file = tmp_path / "authority.pem"
    _ = content and file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(ConfigurationError, match=r"^SSL_CERT_FILE or SSL_CERT_DIR names no certificates"):
        opened(f"https://{host}")


def test_no_proxy_leads_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy:1")
    assert opened("http://127.0.0.1:8000").trust_env is False
