"""The blocks that Anthropic's messages consist of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from aijobs_sdk.simulation.wire.calls import Refused
from aijobs_sdk.simulation.wire.exchange import json_text

Body = Mapping[str, JsonValue]


def blocks_of(content: JsonValue) -> Sequence[Body]:
    """Return what a content consists of, a bare text as a block of its own."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def text_of_block(block: Body) -> str:
    """Return the words that a model reads in a block: none in a picture."""
    match block.get("type"):
        case "document":
            return _text_of_document(block)
        case "tool_result":
            return text_of(block.get("content"))
        case "tool_use":
            return json_text(block.get("input"))
        case _:
            return str(block.get("text", ""))


def invalid(field: str, problem: str) -> Refused:
    """Return a refusal that names the field at fault."""
    return Refused(400, f"{field}: {problem}", code="invalid_request", param=field)


def text_of(content: JsonValue) -> str:
    """Return all words in a content."""
    return "\n".join(filter(None, map(text_of_block, blocks_of(content))))


def is_picture(block: Body) -> bool:
    """Whether it is to be looked at rather than read: pages of a PDF are pictures as well."""
    return block.get("type") == "image" or (block.get("type") == "document" and _source(block).get("type") not in _READ)


_READ = ("text", "content")
"""The sources of documents that hold words."""


def _text_of_document(block: Body) -> str:
    source = _source(block)
    words = source.get("data") if source.get("type") == "text" else text_of(source.get("content"))
    return "\n".join(str(part) for part in (block.get("title"), block.get("context"), words) if part)


def _source(block: Body) -> Body:
    source = block.get("source")
    return source if isinstance(source, dict) else {}
