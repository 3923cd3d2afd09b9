"""What a recording must not hold: keys, whose they are, and what was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import chain
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from pydantic import JsonValue

from aijobs_sdk.simulation.wire.exchange import Headers, HttpRequest

SHORTEST_SECRET = 6
"""Shorter texts are in every answer by chance."""
SHORTEST_REMAINDER = 3
"""How much of a key has to stand beside stars for them to be the rest of it."""

_KEPT_HEADERS = frozenset(
    {
        "content-type",
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
        "request-id",
        "x-request-id",
        "x-amzn-requestid",
        "x-amzn-errortype",
    }
)
_KEPT_BEGINNINGS = ("x-ratelimit-", "anthropic-ratelimit-", "x-amzn-bedrock-")
_OWNER_HEADERS = frozenset(
    {"openai-organization", "openai-project", "anthropic-organization-id", "x-goog-user-project"}
)
_SECRET_HEADER = re.compile(r"key|token|secret|auth|cookie|signature|credential", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(
    r"^(?:key|sig|token|x-amz-.*)$|api.?key|access.?token|auth|secret|signature|password", re.IGNORECASE
)
_SCHEME = re.compile(r"^(?:bearer|basic|token)\s+", re.IGNORECASE)
_SIGNED = re.compile(r"(?:Credential=|Signature=)([^/,\s]+)")
_COOKIE = re.compile(r"=([^;]+)")
_ACCOUNT_IN_PATH = re.compile(r"(?<=/projects/)[^/]+|(?<=:)\d{12}(?=:)")
_ACCOUNT_IN_ERROR = re.compile(rb"\b(?:org-|proj_)\w{6,}|(?<=:)\d{12}(?=:)|(?<=projects/)[\w-]+")
_PROMPT_FIELDS = frozenset({"messages", "system", "instructions", "input", "prompt", "contents", "systemInstruction"})
_ECHOED_FIELDS = frozenset({"instructions", "user", "safety_identifier", "prompt_cache_key"})
_PARTS_OF_FIELDS = frozenset({"text", "content"})
# Each pattern begins with what is rare, so that an image in letters, megabytes of them, is searched in no time.
_NEW_KEY = re.compile(rb"[se](?<!\w[se])k[-_][\w-]{16,}")
_NEW_KEY_FIELD = re.compile(rb'("(?:access_token|refresh_token|id_token|client_secret)"\s*:\s*")([^"]+)')
"""Keys that the caller did not send, but gets."""
_HIDDEN = (
    re.compile(rb"[*.xX]{2,}"),
    re.compile(rb"\xe2\x80[\xa2\xa6](?:\xe2\x80[\xa2\xa6])*"),
    re.compile(rb"\\u202[26](?:\\u202[26])*"),
)
"""Stars, dots, crosses, bullets and ellipses, by which vendors hide the middle of a key that they quote."""


def public_path(path: str) -> str:
    """Return a path without projects and account numbers, so that another account's requests read the same."""
    return _ACCOUNT_IN_PATH.sub("***", path)


def public_query(query: str) -> str:
    """Return a query without keys, in one order."""
    return urlencode(sorted((name, value) for name, value in parse_qsl(query) if not _SECRET_PARAMETER.search(name)))


class Secrets:
    """What one request and the headers of its answer hold that nobody else should read."""

    def __init__(self, request: HttpRequest, headers: Headers) -> None:
        found = {*_of_headers(request.headers), *_of_headers(headers), *_of_query(request.query)}
        # The longest first: one may hold another.
        self._secrets = sorted((one for one in found if len(one) >= SHORTEST_SECRET), key=len, reverse=True)
        self._asked = request.json

    def headers(self, headers: Headers) -> Headers:
        """Return those headers that say something about the answer rather than about the caller."""
        kept = {name: value for name, value in headers.items() if _is_kept(name)}
        return {name: self._without_keys(value.encode()).decode(errors="replace") for name, value in kept.items()}

    def mask(self, body: bytes, status: int) -> bytes:
        """Return what was answered with a star for each byte that nobody should read: it stays as long as it was.

        Keys go, whole or with a hidden middle, and the caller's own fields that vendors send back; from an error also
        what it quotes of the prompt, and accounts. What a model wrote stays as it is.
        """
        body = _NEW_KEY.sub(lambda found: _stars(found[0]), self._without_keys(body))
        body = _NEW_KEY_FIELD.sub(lambda found: found[1] + _stars(found[2]), body)
        for one in _texts_in(self._asked, _ECHOED_FIELDS):
            if one.name in _ECHOED_FIELDS | _PARTS_OF_FIELDS:  # a role or a type is no secret
                body = _without_echo(body, one)
        return body if status < HTTPStatus.BAD_REQUEST else self._of_error(body)

    def _of_error(self, body: bytes) -> bytes:
        # A single word is as likely the name of something that the error is about.
        sentences = (one.text for one in _texts_in(self._asked, _PROMPT_FIELDS) if " " in one.text.strip())
        for text in sorted(sentences, key=len, reverse=True):
            for literal in _literals(text):
                body = _without_remainders(body.replace(literal, _stars(literal)), literal)
        return _ACCOUNT_IN_ERROR.sub(lambda found: _stars(found[0]), body)

    def _without_keys(self, data: bytes) -> bytes:
        for secret in self._secrets:
            for form in _forms_of(secret):
                data = data.replace(form, _stars(form))
            data = _without_remainders(data, secret.encode())
        return data


def _is_kept(name: str) -> bool:
    return name in _KEPT_HEADERS or name.startswith(_KEPT_BEGINNINGS)


def _of_headers(headers: Headers) -> Iterator[str]:
    for name, value in headers.items():
        if name in _OWNER_HEADERS or (_SECRET_HEADER.search(name) and not _is_kept(name)):
            parts = _COOKIE.findall(value) if "cookie" in name else _SIGNED.findall(value)
            yield from (part.strip() for part in parts or [_SCHEME.sub("", value)])


def _of_query(query: str) -> Iterator[str]:
    yield from (value for name, value in parse_qsl(query) if _SECRET_PARAMETER.search(name))


def _forms_of(secret: str) -> set[bytes]:
    """Return a text as it is written plainly, in JSON and in an address."""
    forms = {secret, json.dumps(secret)[1:-1], secret.replace("/", "\\/"), quote(secret), quote(secret, safe="")}
    return {form.encode() for form in forms}


def _without_remainders(data: bytes, secret: bytes) -> bytes:
    """Return a text without what it shows of a secret whose middle, or end, it hides."""
    masked = bytearray(data)
    for hidden in chain.from_iterable(pattern.finditer(data) for pattern in _HIDDEN):
        start, end = hidden.span()
        if not _may_be_of(
            secret, data[max(0, start - SHORTEST_REMAINDER) : start], data[end : end + SHORTEST_REMAINDER]
        ):
            continue
        before = next((n for n in range(min(len(secret), start), 0, -1) if data[start - n : start] == secret[:n]), 0)
        after = next(
            (n for n in range(min(len(secret), len(data) - end), 0, -1) if data[end : end + n] == secret[-n:]), 0
        )
        if max(before, after) >= SHORTEST_REMAINDER:
            masked[start - before : end + after] = _stars(data[start - before : end + after])
    return bytes(masked)


def _may_be_of(secret: bytes, before: bytes, after: bytes) -> bool:
    """Whether it is worth while to look closer: an image in letters is full of crosses."""
    return any(len(part) == SHORTEST_REMAINDER and part in secret for part in (before, after))


class _Text(NamedTuple):
    name: str
    """The field it is the value of."""
    text: str


def _texts_in(asked: JsonValue, names: frozenset[str]) -> Iterator[_Text]:
    """Yield every text in or below these fields of a request."""
    if isinstance(asked, Mapping):
        for name in sorted(names & asked.keys()):
            yield from _texts(name, asked[name])


def _texts(name: str, value: JsonValue) -> Iterator[_Text]:
    match value:
        case str() if value:
            yield _Text(name, value)
        case list():
            for part in value:
                yield from _texts(name, part)
        case dict():
            for inner, part in value.items():
                yield from _texts(inner, part)


def _without_echo(body: bytes, one: _Text) -> bytes:
    for literal in _literals(one.text):
        echo = re.compile(rb'("%b"\s*:\s*)"%b"' % (one.name.encode(), re.escape(literal)))
        body = echo.sub(rb'\1"%b"' % _stars(literal), body)
    return body


def _literals(text: str) -> set[bytes]:
    """Return a text as it may stand between quotes in JSON, itself or in a text: gateways pass on errors so."""
    once = _quoted(text)
    forms = once.union(*map(_quoted, once))
    return {form.encode(errors="surrogatepass") for form in forms}


def _quoted(text: str) -> set[str]:
    return {json.dumps(text, ensure_ascii=only_ascii)[1:-1] for only_ascii in (True, False)}


def _stars(data: bytes) -> bytes:
    return b"*" * len(data)
