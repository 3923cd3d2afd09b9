"""A model's wish to have a function called, checked against what it was offered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from aijobs_sdk.contract.provider import Tool, ToolCall
from aijobs_sdk.contract.strict_json import read_json
from aijobs_sdk.providers.failures import BAD_TOOL_CALL


def tool_call(
    provider: str,
    offered: Sequence[Tool],
    *,
    id: str,  # noqa: A002 - the field's name
    name: str,
    arguments: str | Mapping[str, JsonValue],
) -> ToolCall:
    """Return the call; arguments may come as an object or as its JSON.

    Raises:
        ProviderError: the tool was not offered, or the arguments are no JSON object, or one that cannot be kept.
    """
    # An object is read as well: who took the answer apart may have let NaN in.
    values = _parsed(arguments or "{}" if isinstance(arguments, str) else json.dumps(arguments))
    if not isinstance(values, dict) or name not in {tool.name for tool in offered}:
        raise BAD_TOOL_CALL.error(provider)
    return ToolCall(id=id, name=name, arguments=values)


def _parsed(arguments: str) -> JsonValue:
    try:
        return read_json(arguments)
    except ValueError:
        return None
