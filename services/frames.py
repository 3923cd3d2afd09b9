"""Reads what goes between a page and its kernel: frames of the protocol `v1.kernel.websocket.jupyter.org`."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

_NUMBER = struct.Struct("<Q")


class Message(NamedTuple):
    """One message to or from a kernel."""

    channel: str
    type: str
    parent: str
    """The message that it answers, as its id; empty where there is none."""
    content: Mapping[str, Any]
    bytes: int


def read_frame(frame: str | bytes) -> Message | None:
    """Return the message in a frame; None where there is none, as in those that only keep a connection open."""
    if isinstance(frame, str) or len(frame) < _NUMBER.size:
        return None
    (count,) = _NUMBER.unpack_from(frame)
    bounds = struct.unpack_from(f"<{count}Q", frame, _NUMBER.size)
    channel, header, parent, _metadata, content, *_buffers = (frame[start:end] for start, end in pairwise(bounds))
    return Message(
        channel=channel.decode(),
        type=json.loads(header)["msg_type"],
        parent=json.loads(parent).get("msg_id", ""),
        content=json.loads(content),
        bytes=len(frame),
    )
