"""How a model calls a tool: well, or in a way that a careful caller survives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from pydantic import JsonValue
from pydantic_core import from_json

from aijobs_sdk.simulation.faults import Quirk
from aijobs_sdk.simulation.wire.answered import Answer
from aijobs_sdk.simulation.wire.asked import Tool
from aijobs_sdk.simulation.wire.exchange import Json


def as_call(answer: Answer, tool: Tool, offered: Sequence[Tool]) -> Answer:
    """Return the answer as a call of this tool, or of none where its text is no arguments."""
    arguments = _arguments(answer.text)
    if arguments is None:
        return answer
    finish = "tool" if answer.finish == "stop" else answer.finish
    call = answer._replace(tool=tool.name, arguments=arguments, finish=finish)
    match answer.quirk:
        case Quirk.BAD_TOOL_ARGS:
            half = answer.pieces.characters(max(1, len(answer.text) // 2))
            return call._replace(arguments=_unfit(arguments), pieces=half)
        case Quirk.UNKNOWN_TOOL:
            return call._replace(tool=_unknown(tool.name, offered))
        case _:
            return call


def _arguments(text: str) -> Json | None:
    """Return as many arguments as can be read of an object that may be broken off; None where it is none."""
    try:
        arguments = from_json(text, allow_partial=True)
    except ValueError:
        return None
    return arguments if isinstance(arguments, dict) else None


def _unfit(arguments: Mapping[str, JsonValue]) -> Json:
    """Return arguments of the same names, each of another type."""
    wrong: Json = {name: [value] if isinstance(value, dict) else {"value": value} for name, value in arguments.items()}
    return wrong or {"value": None}


def _unknown(name: str, offered: Sequence[Tool]) -> str:
    """Return a name near to this one that no tool has."""
    known = {tool.name for tool in offered}
    return next(near for number in count(2) if (near := f"{name}_{number}") not in known)
