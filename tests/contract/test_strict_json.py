"""JSON from outside: what is read of it can be kept."""

from __future__ import annotations

import json

import pytest

from aijobs_sdk.contract.strict_json import MOST_LEVELS, read_json


@pytest.mark.parametrize(
    "value",
    [{"name": "Bath 🛁", "people": 94_782, "area": 28.7, "wet": True, "lord": None}, [], "text", 10**400],
)
def test_what_is_json_is_read(value: object) -> None:
    assert read_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{} {}",
        r'{"name": "Bath \ud83d"}',
        r'{"\ud83d": "Bath"}',
        '{"name": "Bath \ud83d"}',
        '{"people": NaN}',
        '{"people": -Infinity}',
        '{"people": 1e999}',
        '[[{"people": [-1e999]}]]',
        "[" * 100_000,
        "[" * (MOST_LEVELS + 1) + "]" * (MOST_LEVELS + 1),
        '{"in": ' * 990 + "1" + "}" * 990,
        "9" * 5_000,
    ],
)
def test_what_could_not_be_kept_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever of the parser's or ours
        read_json(text)


def test_as_many_levels_as_are_told_are_read() -> None:
    read_json("[" * MOST_LEVELS + "]" * MOST_LEVELS)
