"""What is asked for one row, under a name that says what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import cast

from pydantic import JsonValue

from aijobs_sdk.batch.reading.cells import to_json
from aijobs_sdk.batch.reading.rows import Row
from aijobs_sdk.contract.batches import BatchItem
from aijobs_sdk.contract.model import unchecked

KEY_VERSION = 1
"""Goes up when the same payload would be answered in another way."""
_OF_NO_EFFECT = frozenset({"stream", "user_id", "estimated_credits"})
"""Fields of a payload that change nothing about the answer."""
_DIGEST_BYTES = 16
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_record = unchecked(BatchItem)


@dataclass(slots=True)  # not frozen, which doubles the price of making one, and a million are made
class Item:
    """A row, and what is asked for it; nobody changes it."""

    index: int
    """Its place among all that is asked, from 0."""
    inputs: Row = field(repr=False)
    payload: Mapping[str, JsonValue] = field(repr=False)
    """Of the first job, plain JSON."""
    later_prompts: tuple[str, ...] = field(default=(), repr=False)
    """Of a conversation: each is sent when the one before it is answered."""
    skipped: str | None = None
    """Why it is not sent; its payload is not whole then."""
    _key: str | None = field(default=None, repr=False, compare=False)

    @property
    def key(self) -> str:
        """What names the question: items of one key ask the same, whatever else their rows hold."""
        if self._key is None:
            self._key = _key_of(self.payload, self.later_prompts)
        return self._key

    def to_record(self) -> BatchItem:
        """Return it as a journal keeps it: what JSON has no word for, such as a date, has become text."""
        request: dict[str, JsonValue] = {"payload": dict(self.payload)}
        if self.later_prompts:
            request["later_prompts"] = list(self.later_prompts)
        if self.skipped is not None:
            request["skipped"] = self.skipped
        inputs = {name: to_json(value) for name, value in self.inputs.items()}
        return _record(index=self.index, key=self.key, inputs=inputs, request=request)

    @classmethod
    def from_record(cls, record: BatchItem) -> Item:
        """Return the item that a journal kept."""
        request = record.request
        return cls(
            index=record.index,
            inputs=record.inputs,
            payload=cast("Mapping[str, JsonValue]", request["payload"]),
            later_prompts=tuple(cast("Sequence[str]", request.get("later_prompts", ()))),
            skipped=cast("str | None", request.get("skipped")),
            _key=record.key,
        )


def _key_of(payload: Mapping[str, JsonValue], later_prompts: Sequence[str]) -> str:
    """Return the digest of everything that the answer depends on, and of nothing else."""
    if not _OF_NO_EFFECT.isdisjoint(payload):
        payload = {name: value for name, value in payload.items() if name not in _OF_NO_EFFECT}
    asked = {"later_prompts": later_prompts, "payload": payload, "version": KEY_VERSION}
    return blake2b(_canonical(asked).encode(), digest_size=_DIGEST_BYTES).hexdigest()
