"""Where a server listens, in the words of those who call."""

from __future__ import annotations

import socket

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.connect.listening import listen, url_of


@pytest.mark.parametrize(
    ("host", "called"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::1", "[::1]"),
        ("::", "[::1]"),
    ],
)
def test_an_address_is_one_at_which_it_is_found(host: str, called: str) -> None:
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://{called}:{port}"
        socket.create_connection((called.strip("[]"), port)).close()


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("203.0.113.1", "Cannot listen at 203.0.113.1:0: Cannot assign requested address"),
        ("2001:db8::1", r"Cannot listen at \[2001:db8::1\]:0: Cannot assign requested address"),
        ("not a name", "Cannot listen at not a name:0: "),
        ("bücher..example", r"Cannot listen at bücher\.\.example:0: no host can be called so"),
    ],
)
def test_where_nobody_can_listen_is_told_in_a_sentence(host: str, problem: str) -> None:
    with pytest.raises(aijobs.ConfigurationError, match=f"^{problem}"):
        listen(host, 0)


def test_no_part_of_an_answer_waits_until_the_one_before_is_read() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
