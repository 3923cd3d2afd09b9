"""Bodies that are too much, too slow, or meant to be dear to read."""

from __future__ import annotations

import gzip
import itertools
import json
import threading

import httpx
import pytest

from server.hostile.attack import Place, rest_of, seconds_until_closed, statuses
from server.hostile.conftest import Hosted
from server.server_worlds import bearer

JSON = b"Content-Type: application/json"
MIB = 1024 * 1024


def test_ten_megabytes_that_are_announced_are_refused_unread(place: Place) -> None:
    asked = place.head("POST", "/api/jobs", JSON, b"Content-Length: 10000000", b"Connection: close")
    assert statuses(place.answer_to(asked)) == [413]


def test_ten_megabytes_that_are_not_announced_are_counted(place: Place) -> None:
    parts = itertools.repeat(b"10000\r\n%s\r\n" % (b" " * 65_536), 160)
    asked = place.head("POST", "/api/jobs", JSON, b"Transfer-Encoding: chunked", b"Connection: close")
    assert statuses(place.answer_to(asked, *parts, b"0\r\n\r\n")) == [413]


def test_a_body_that_stops_coming_is_not_waited_for(place: Place) -> None:
    with place.connection() as connection:
        connection.sendall(place.head("POST", "/api/jobs", JSON, b"Content-Length: 8000000") + b"{")
        answer = rest_of(connection)
    assert statuses(answer) == [408]


@pytest.mark.parametrize("content_type", [JSON, b"Content-Type: text/plain"])
def test_a_body_that_trickles_in_for_ever_is_not_read_for_ever(place: Place, content_type: bytes) -> None:
    with place.connection() as connection:
        connection.sendall(place.head("POST", "/api/jobs", content_type, b"Content-Length: 10000000"))
        assert seconds_until_closed(connection, trickling=b" ") < 5


def _list_of(kind: bytes, count: int) -> bytes:
    return b'{"ids": [' + b",".join(itertools.repeat(kind, count)) + b"]}"


def _names(count: int) -> bytes:
    return json.dumps({f"a{n}": 0 for n in range(count)}).encode()


DEAR = {
    "a million ids": ("/api/jobs/lookup", _list_of(b"1", 1_000_000)),
    "a million ids to follow": ("/api/events", b'{"jobs": ' + _names(500_000) + b"}"),
    "8 MiB of unknown fields": ("/api/jobs", _names(550_000)),
    "8 MiB of an unknown payload": ("/api/jobs", b'{"type": "test_job", "payload": ' + _names(550_000) + b"}"),
    "many unknown fields of many jobs": (
        "/api/jobs",
        b'{"jobs": [' + b",".join([b'{"type": "t", "payload": {}, %s}' % _names(20)[1:-1]] * 10_000) + b"]}",
    ),
    "many payloads to be told about": (
        "/api/jobs/refusals",
        b'{"jobs": [' + b",".join([b'{"type": "test_job", "payload": %s}' % _names(20)] * 2000) + b"]}",
    ),
    "millions of lists": ("/api/jobs", b'{"type": "test_job", "payload": ' + _list_of(b"[]", 2_700_000) + b"}"),
    "lists a hundred thousand deep": ("/api/jobs", b'{"payload": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "objects a hundred thousand deep": ("/api/jobs", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "blocks that are none": ("/api/documents", b'{"title": "x", "blocks": ' + _list_of(b"0", 240_000)[8:]),
    "texts of nothing but escapes": ("/api/jobs", b'{"type": "' + b"\\n" * 4_000_000 + b'"}'),
    "a number of a million digits": ("/api/jobs", b'{"max_attempts": ' + b"1" * 1_000_000 + b"}"),
}


@pytest.mark.parametrize("dear", DEAR)
def test_a_dear_body_is_refused_and_holds_nobody_up(hosted_once: Hosted, place: Place, dear: str) -> None:
    path, body = DEAR[dear]
    answers: list[httpx.Response] = []
    headers = {**bearer(place.key), "Content-Type": "application/json"}
    attack = threading.Thread(
        target=lambda: answers.append(httpx.post(place.url + path, content=body, headers=headers, timeout=30))
    )
    attack.start()
    longest = longest_wait(hosted_once, attack)
    attack.join()
    assert answers[0].status_code in {200, 413, 422}
    assert len(answers[0].content) < 16 * MIB
    assert longest < 2


def longest_wait(server: Hosted, meanwhile: threading.Thread) -> float:
    """Return how many seconds the server worked at most while one of somebody's requests waited and a thread lived."""
    waits = [0.0]
    while meanwhile.is_alive():
        began_at = server.cpu_seconds()
        assert server.theirs.get("/api/jobs").status_code == 200
        waits.append(server.cpu_seconds() - began_at)
    return max(waits)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_a_packed_body_is_not_unpacked(place: Place, encoding: str) -> None:
    bomb = gzip.compress(b" " * 50 * MIB)
    headers = {**bearer(place.key), "Content-Type": "application/json", "Content-Encoding": encoding}
    answer = httpx.post(f"{place.url}/api/jobs", content=bomb, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_text_may_hold_as_many_signs_of_json_as_it_likes(place: Place) -> None:
    job = {"type": "test_job", "payload": {"echo": ',[{\\"' * 300_000}}
    answer = httpx.post(f"{place.url}/api/jobs", json=job, headers=bearer(place.key), timeout=30)
    assert (answer.status_code, answer.json()["payload"] == job["payload"]) == (201, True)
