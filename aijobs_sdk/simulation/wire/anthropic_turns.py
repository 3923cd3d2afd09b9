"""Anthropic's turns: the calls of tools in one are answered in the next, all of them and no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from pydantic import JsonValue

from aijobs_sdk.simulation.wire.anthropic_blocks import Body, blocks_of, invalid

_SIDES = ("user", "assistant")


class _Turn(NamedTuple):
    """Messages of one side in a row, which count as one."""

    place: int
    """Of the last of them."""
    calls: Sequence[str]
    """The ids of the tools that it calls."""
    answers: Sequence[str]
    """The ids of the calls that it answers."""


def check_calls(messages: Sequence[Body]) -> None:
    """Refuse a call of a tool that the next turn does not answer, and an answer to none of the turn before."""
    before = _Turn(0, (), ())
    for turn in _turns(messages):
        _check_answered(before, turn.answers)
        if strange := [one for one in turn.answers if one not in before.calls]:
            raise invalid(
                f"messages.{turn.place}.content",
                f"unexpected `tool_use_id` found in `tool_result` blocks: {', '.join(strange)}. Each `tool_result` "
                "block must have a corresponding `tool_use` block in the previous message.",
            )
        before = turn
    _check_answered(before, ())


def _check_answered(turn: _Turn, answers: Sequence[str]) -> None:
    if missing := [one for one in turn.calls if one not in answers]:
        raise invalid(
            f"messages.{turn.place}",
            f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(missing)}. Each "
            "`tool_use` block must have a corresponding `tool_result` block in the next message.",
        )


def _turns(messages: Sequence[Body]) -> Iterator[_Turn]:
    said = [(place, message) for place, message in enumerate(messages) if message["role"] in _SIDES]
    for _, together in groupby(said, key=lambda one: one[1]["role"]):
        turn = list(together)
        blocks = [block for _, message in turn for block in blocks_of(message.get("content"))]
        yield _Turn(turn[-1][0], _ids(blocks, "tool_use", "id"), _ids(blocks, "tool_result", "tool_use_id"))


def _ids(blocks: Sequence[Mapping[str, JsonValue]], kind: str, field: str) -> Sequence[str]:
    return [str(block.get(field)) for block in blocks if block.get("type") == kind]
