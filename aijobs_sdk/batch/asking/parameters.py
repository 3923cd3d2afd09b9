"""The fields of a payload besides its prompt and its model: the same for each row, or filled from its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pickle import PicklingError
from typing import cast

from pydantic import JsonValue

from aijobs_sdk.batch.asking.filling import filled, templates_in, with_templates
from aijobs_sdk.batch.asking.images import image_inputs
from aijobs_sdk.batch.reading.cells import plain, to_json
from aijobs_sdk.batch.reading.rows import Row
from aijobs_sdk.batch.refusal import bad_row
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import nearest, shape_of

Payload = dict[str, JsonValue]
FIELDS = frozenset(
    {
        "estimated_credits",
        "fallback",
        "images",
        "keep_unfit",
        "max_credits",
        "max_tokens",
        "messages",
        "model",
        "output_schema",
        "prompt",
        "provider",
        "reasoning_effort",
        "seed",
        "stop",
        "stream",
        "system",
        "temperature",
        "tools",
        "top_p",
        "user_id",
    }
)
"""All that can be said of a row. Whatever else there is may be a secret, which no journal is to keep: a backend drops
`api_key`, and `max_token` as well, without a word to whoever meant `max_tokens`."""
_NUMBERS = frozenset({"max_tokens", "seed", "temperature", "top_p"})
_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
"""A longer number is none that a model takes."""
_WITH_A_POINT = re.compile(r"\d{1,15}\.\d{1,15}", re.ASCII)
_FILLED_INSIDE = frozenset({"messages", "images"})
"""Fields whose parts may be templates; a JSON schema's braces, for one, are its own."""
_NEEDED_IN_MESSAGES = frozenset({"role", "content"})
"""Fields that each message has to say, though it be nothing."""


class Parameters:
    """Payload fields by name; those that are None are left out.

    A text with holes is filled for each row; one that is a single hole, such as `{max_tokens}`, gives what the
    row holds there, be it a number or a list.

    Raises:
        InvalidRequestError: a template is broken, or a value cannot be sent.
    """

    def __init__(self, given: Mapping[str, object]) -> None:
        if (problem := unknown_field(given)) is not None:
            raise bad_argument("parameters", f"should be fields of a payload: {problem}")
        self._constant: Payload = {}
        self._filled: dict[str, object] = {}
        for name, value in given.items():
            templates = with_templates(value, name, deeply=name in _FILLED_INSIDE)
            if any(templates_in(templates)):
                self._filled[name] = templates
            elif value is not None:
                self._constant[name] = _constant(name, filled(templates, {}, index=0))

    def fill(self, row: Row, *, index: int) -> Payload:
        """Return the fields for a row.

        Raises:
            InvalidRequestError: a column is missing or empty, or what it holds cannot be sent.
        """
        given = {name: filled(value, row, index=index) for name, value in self._filled.items()}
        return self._constant | sendable_fields(given, index=index)

    def empty_in(self, row: Row) -> str | None:
        """Return the first hole for which a row holds nothing."""
        holes = (template.empty_in(row) for value in self._filled.values() for template in templates_in(value))
        return next((hole for hole in holes if hole is not None), None)


def _constant(name: str, value: object) -> JsonValue:
    if (sent := sendable(name, value)) is None:  # as of NaN: it would be as if nothing had been said
        raise bad_argument(name, f"should be a finite number, got {shape_of(value)}")
    return sent


def unknown_field(names: Iterable[str]) -> str | None:
    """Return what is wrong with the first of these that is no field of a payload; None: nothing is."""
    unknown = next((name for name in names if name not in FIELDS), None)
    return None if unknown is None else f"{unknown!r} is none.{nearest(unknown, FIELDS)}".removesuffix(".")


def sendable_fields(given: Mapping[str, object], *, index: int) -> Payload:
    """Return the fields of one row in plain JSON.

    Raises:
        InvalidRequestError: one of them cannot be sent; the row is named.
    """
    try:
        return {name: sendable(name, value) for name, value in given.items()}
    except InvalidRequestError as error:
        raise bad_row(index, error.message.removesuffix(".")) from None


def sendable(name: str, value: object) -> JsonValue:
    """Return a payload field in plain JSON; pictures as addresses that a vendor can read.

    Raises:
        InvalidRequestError: it holds half a character or what cannot be kept, or names what is no picture.
    """
    if name == "images":
        return cast("JsonValue", image_inputs(value))
    try:
        sent = to_json(plain(value))
    except (UnicodeEncodeError, RecursionError):
        raise bad_argument(name, "holds half a character, or is nested too deeply; mend it") from None
    except (PicklingError, OverflowError):
        raise bad_argument(name, "holds what cannot be kept, such as a function; make it a text") from None
    if name in _NUMBERS:
        return _in_one_form(sent)
    return _without_gaps(sent) if name == "messages" else sent


def _in_one_form(number: JsonValue) -> JsonValue:
    """Return a number as such, and a whole one without a point: one gap makes all of a column 10.0, a CSV texts of it.

    A row is known by what it asks, and would be asked and paid for again for the way its table was read.
    """
    match number:
        case float() if number.is_integer():
            return int(number)
        case str() if _WHOLE.fullmatch(number):
            return int(number)
        case str() if _WITH_A_POINT.fullmatch(number):
            return _in_one_form(float(number))
        case _:
            return number


def _without_gaps(messages: JsonValue) -> JsonValue:
    """Return messages without the fields that are nothing: in a table each has all that any of them has."""
    if not isinstance(messages, list):
        return messages
    return [_said(one) if isinstance(one, dict) else one for one in messages]


def _said(message: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: held for name, held in message.items() if held is not None or name in _NEEDED_IN_MESSAGES}
