"""OpenAI's responses as they are kept: looked at again, deleted, and gone on with by `previous_response_id`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import NamedTuple

from pydantic import JsonValue

from aijobs_sdk.simulation.kept import Kept
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.exchange import HttpResponse, Json
from aijobs_sdk.simulation.wire.openai_reading import Body, listed

MOST_BYTES = 64 * 1024 * 1024
"""Of all that is kept; older responses go first, as where there are too many."""
BYTES_A_TOKEN = 8
"""Of an answer: some four letters, and as much around them."""
_PICTURES = frozenset({"input_image", "input_file", "image_url", "file"})


class Stored(NamedTuple):
    """A response with all that was said before it; worked out once somebody asks for it, as hardly anybody does."""

    completed: Callable[[], Json]
    """Returns the response as it is in the end."""
    asked: Sequence[JsonValue]
    before: Sequence[JsonValue]

    def turns(self) -> Sequence[JsonValue]:
        """Return all items from the first turn on, with the answer's own."""
        return (*self.before, *map(_without_pictures, self.asked), *listed(self.completed()["output"]))


class StoredResponses:
    """The latest responses of all callers, each known to the one that it was for."""

    def __init__(self) -> None:
        self._kept: Kept[Stored] = Kept(most_bytes=MOST_BYTES)

    def turns_before(self, call: Call, body: Body) -> Sequence[JsonValue]:
        """Return the items that the response goes on from, none where it begins a conversation.

        Raises:
            Refused: the body names a response or a conversation that is not kept.
        """
        if body.get("conversation") is not None:  # nobody can have begun one here
            raise Refused(404, "The conversation was not found.", code="not_found", param="conversation")
        id_ = body.get("previous_response_id")
        if id_ is None:
            return ()
        found = self._kept.get(call.identity.tenant, str(id_))
        if found is None:
            message = f"Previous response with id '{id_}' not found."
            raise Refused(400, message, code="previous_response_not_found", param="previous_response_id")
        return found.turns()

    def keep(self, call: Call, id_: str, stored: Stored, *, answer_tokens: int) -> None:
        """Keep a response for those that go on from it."""
        size = len(call.request.body) + BYTES_A_TOKEN * answer_tokens
        self._kept.keep(call.identity.tenant, id_, stored, size=size)

    def retrieve(self, call: Call) -> HttpResponse:
        """Answer `GET /v1/responses/{id}`."""
        found = self._kept.get(call.identity.tenant, call.params["id"])
        if found is None:
            raise _not_found(call)
        return call.reply(found.completed())

    def delete(self, call: Call) -> HttpResponse:
        """Answer `DELETE /v1/responses/{id}`."""
        if self._kept.forget(call.identity.tenant, call.params["id"]) is None:
            raise _not_found(call)
        return call.reply({"id": call.params["id"], "object": "response", "deleted": True})


def _not_found(call: Call) -> Refused:
    message = f"Response with id '{call.params['id']}' not found."
    return Refused(HTTPStatus.NOT_FOUND, message, code="not_found")


def _without_pictures(item: JsonValue) -> JsonValue:
    """Return an item in which pictures still count, and take no room."""
    if not isinstance(item, dict):
        return item
    return {
        **item,
        **{name: [*_parts(item[name])] for name in ("content", "output") if isinstance(item.get(name), list)},
    }


def _parts(parts: JsonValue) -> Iterator[JsonValue]:
    for part in listed(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        yield {"type": kind} if kind in _PICTURES else part
