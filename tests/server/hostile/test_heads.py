"""Heads of requests that say two things at once, hold what no head may hold, or never come."""

from __future__ import annotations

import time

import pytest

from server.hostile.attack import Place, rest_of, statuses

ANOTHER = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
THE_LAST = ANOTHER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
JSON = b"Content-Type: application/json"


@pytest.mark.parametrize(
    "headers",
    [
        (b"Content-Length: 2", b"Content-Length: 44"),
        (b"Content-Length: 2", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked", b"Content-Length: 2"),
        (b"Transfer-Encoding: xchunked",),
        (b"Transfer-Encoding : chunked",),
        (b"Transfer-Encoding: chunked, identity",),
        (b"Content-Length: +2",),
        (b"Content-Length: -2",),
        (b"Content-Length: 2, 44",),
        (b"Content-Length: 0x2",),
        (b"Content-Length: " + b"9" * 5000,),
        (b"X: a\x00b",),
        (b"X: a\rX-Split: b",),
        (b"X: a\r\n folded: b",),
        (b"X\x00: a",),
        (b": a",),
        (b"no colon",),
    ],
    ids=lambda headers: b" + ".join(headers)[:50].decode(),
)
def test_a_head_that_two_could_read_differently_is_refused(place: Place, headers: tuple[bytes, ...]) -> None:
    with place.connection() as connection:
        connection.sendall(place.head("POST", "/api/jobs", JSON, *headers) + b"{}" + ANOTHER)
        answers = rest_of(connection)
    assert statuses(answers) == [400]


@pytest.mark.parametrize(
    "line",
    [b"GET /healthz HTTP/9.9", b"GET  HTTP/1.1", b"\x16\x03\x01\x02\x00"],
)
def test_what_is_not_http_is_refused(place: Place, line: bytes) -> None:
    assert statuses(place.answer_to(line, b"\r\n\r\n")) == [400]


def test_requests_that_come_at_once_are_answered_in_turn(place: Place) -> None:
    unknown = place.head("GET", "/api/nothing")
    assert statuses(place.answer_to(ANOTHER + unknown + THE_LAST)) == [200, 404, 200]


def test_the_body_of_a_refused_request_is_no_request(place: Place) -> None:
    body = ANOTHER * 100
    asked = place.head("POST", "/api/jobs", b"Content-Type: text/plain", b"Content-Length: %d" % len(body))
    assert statuses(place.answer_to(asked + body, THE_LAST)) == [415, 200]


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/api/schedules/x%0d%0aX-Split:%20y", b"X: y"),
        ("/api/x%0d%0aX-Split:%20y?z=%0d%0aX-Split:%20y", b"X: y"),
        ("/api/schedules/nightly", b"X-Request-Id: a%0d%0aX-Split: y"),
        ("/api/schedules/nightly", b"Origin: a\tX-Split: y"),
        ("/api/schedules/nightly", "X-Request-Id: a\u2028X-Split: y".encode()),
    ],
)
def test_nothing_that_is_sent_becomes_a_header(place: Place, path: str, header: bytes) -> None:
    answer = place.answer_to(place.head("DELETE", path, header, b"Connection: close"))
    head, _, _ = answer.partition(b"\r\n\r\n")
    assert len(statuses(answer)) == 1
    assert b"x-split" not in head.lower()


@pytest.mark.parametrize(
    "sent", [b"", b"GET /healthz HTTP/1.1\r\nX: ", b"\r\n", b"PRI * HTTP/2.0\r\n\r\n", ANOTHER, ANOTHER + b"\r\n"]
)
def test_who_says_no_more_is_not_waited_for(place: Place, sent: bytes) -> None:
    began_at = time.monotonic()
    with place.connection() as connection:
        connection.sendall(sent)
        rest_of(connection)
    assert time.monotonic() - began_at < 5
