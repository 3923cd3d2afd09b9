"""An address is checked before anybody is asked, and a secret in it is not shown."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from aijobs_sdk.backends.http.address import address_of
from aijobs_sdk.backends.http.backend import HttpBackend
from aijobs_sdk.contract.errors import ConfigurationError


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host",
        "http://",
        "host:80",
        "http://host:port",
        "http://[::1",
        "http://héé..x",
        "http://xn--",
        "http://host?key=hunter2",
        "http://me:hunter2@host",
    ],
)
def test_what_is_no_address_of_a_server_is_refused_unseen(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        HttpBackend(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("key", ["", "hunter2\n", "hunter2\r\nX-Other: 1", "hunter2 x", "hunter2é"], ids=repr)
def test_a_key_that_would_break_its_header_is_refused_unseen(key: str) -> None:
    with pytest.raises(ConfigurationError, match="AIJOBS_API_KEY") as refused:
        HttpBackend("http://host", api_key=SecretStr(key))
    assert "hunter2" not in str(refused.value)


def test_a_path_belongs_to_the_address_and_is_not_shown() -> None:
    address = address_of("https://host:8443/behind/this/")
    assert (address.url, address.shown) == ("https://host:8443/behind/this", "https://host:8443")


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [("localhost", True), ("127.0.0.1", True), ("[::1]", True), ("jobs.test", False), ("10.0.0.1", False)],
)
def test_this_machine_is_known_by_its_names(host: str, *, is_ours: bool) -> None:
    assert address_of(f"http://{host}:80").is_loopback is is_ours
