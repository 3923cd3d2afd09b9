"""Ids, names, keys and cursors that are none, or are as long, large or odd as can be: a refusal, and nothing else."""

from __future__ import annotations

import pytest

from server.hostile.attack import Place, statuses

JSON = b"Content-Type: application/json"
JOB = b'{"type": "test_job", "payload": {}}'
NIGHTLY = b'{"cron": "0 3 * * *", "job": {"type": "test_job", "payload": {}}}'
ODD = {
    "CRLF": "%0d%0aX-Split:%20y",
    "NUL": "%00",
    "a lone surrogate": "%ed%a0%80",
    "no UTF-8": "%ff%fe",
    "a slash": "..%2f..%2fetc%2fpasswd",
    "a line of Unicode": "%e2%80%a8",
    "a huge number": "1" + "0" * 5000,
    "digits of elsewhere": "%d9%a3%c2%b2",
    "no number": "1e400",
    "a quote": "%27%22;--",
    "too long": "x" * 60_000,
}
ADDRESSES = {
    "a job's id": ("GET", "/api/jobs/{}"),
    "a document's id": ("GET", "/api/documents/{}/blocks"),
    "a letter's id": ("POST", "/api/dead-letters/{}/replay"),
    "a filter": ("GET", "/api/jobs?document_id={}"),
    "a cursor": ("GET", "/api/jobs?cursor={}"),
    "a limit": ("GET", "/api/jobs?limit={}"),
    "a number of letters": ("GET", "/api/dead-letters?offset={}"),
    "an age": ("DELETE", "/api/dead-letters?older_than_seconds={}"),
    "an instant": ("GET", "/api/usage?since={}&until=2100-01-01T00:00:00Z"),
    "ids": ("GET", "/api/events?ids={}"),
    "a batch to follow": ("GET", "/api/events?batch={}"),
    "a place in a log": ("GET", "/api/events?ids=00000000-0000-0000-0000-000000000001:{}"),
    "a batch's id": ("DELETE", "/api/batches/{}"),
    "the place of a row": ("GET", "/api/batches/00000000-0000-0000-0000-000000000001/rows?start={}"),
    "a batch of jobs": ("GET", "/api/jobs?batch_id={}"),
    "a schedule's name": ("DELETE", "/api/schedules/{}"),
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("where", ADDRESSES)
def test_an_odd_name_in_an_address_is_refused(place: Place, where: str, odd: str) -> None:
    method, path = ADDRESSES[where]
    answer = place.answer_to(place.head(method, path.format(ODD[odd]), b"Connection: close"))
    assert statuses(answer) in ([404], [422])
    assert len(answer) < 10_000


@pytest.mark.parametrize("name", ["%0d%0aX-Split:%20y", "%09", "%1b%5b2J", "%e2%80%a8", "%20", "..", "x" * 101])
def test_what_breaks_a_line_or_an_address_is_no_schedules_name(place: Place, name: str) -> None:
    headers = (JSON, b"Content-Length: %d" % len(NIGHTLY), b"Connection: close")
    put = place.answer_to(place.head("PUT", f"/api/schedules/{name}", *headers), NIGHTLY)
    assert (statuses(put), b'"field":"name"' in put) == ([422], True)


@pytest.mark.parametrize("name", ["%ed%a0%80", "%ff", "%27;--", "..%2f", "x" * 100])
def test_an_odd_name_of_a_schedule_is_a_name(place: Place, name: str) -> None:
    headers = (JSON, b"Content-Length: %d" % len(NIGHTLY), b"Connection: close")
    put = place.answer_to(place.head("PUT", f"/api/schedules/{name}", *headers), NIGHTLY)
    deleted = place.answer_to(place.head("DELETE", f"/api/schedules/{name}", b"Connection: close"))
    assert statuses(put) + statuses(deleted) == [200, 204]


@pytest.mark.parametrize("key", [b"", b"\xff\xfe", b"a\tb", "\u2028".encode(), b"k" * 241, b"\xed\xa0\x80"])
def test_an_odd_idempotency_key_is_refused(place: Place, key: bytes) -> None:
    headers = (JSON, b"Content-Length: %d" % len(JOB), b"Connection: close", b"Idempotency-Key: " + key)
    assert statuses(place.answer_to(place.head("POST", "/api/jobs", *headers), JOB)) == [422]


@pytest.mark.parametrize("place_in_a_log", [b"\xff", b"1e400", b"-1", b"1" + b"0" * 5000, b"\xd9\xa3", b"0x1", b"AAAA"])
@pytest.mark.parametrize("path", ["/api/events?ids={}", "/api/jobs/{}/events"])
def test_an_odd_last_event_id_is_refused(place: Place, path: str, place_in_a_log: bytes) -> None:
    path = path.format("00000000-0000-0000-0000-000000000001")
    asked = place.head("GET", path, b"Connection: close", b"Last-Event-ID: " + place_in_a_log)
    assert statuses(place.answer_to(asked)) == [422]


@pytest.mark.parametrize("key", [b"", b"aij_", b"\xff", b"aij_" + b"x" * 50_000, b"aij_000000000000_" + b"\xc3" * 43])
def test_an_odd_key_is_no_key(place: Place, key: bytes) -> None:
    asked = b"GET /api/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n" % key
    assert statuses(place.answer_to(asked)) == [401]
