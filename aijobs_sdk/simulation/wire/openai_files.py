"""OpenAI's files, as far as batches need them: uploaded, listed, read and deleted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qs

from aijobs_sdk.simulation.kept import Kept
from aijobs_sdk.simulation.wire.batched import listed
from aijobs_sdk.simulation.wire.calls import Call, Refused
from aijobs_sdk.simulation.wire.exchange import Chunk, HttpResponse, Json

LIFETIME = timedelta(days=30)
"""How long files of batches are kept."""
PURPOSES = ("assistants", "batch", "evals", "fine-tune", "user_data", "vision")
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_NAME = re.compile(rb'\bname="([^"]*)"')
_FILENAME = re.compile(rb'\bfilename="([^"]*)"')


@dataclass(frozen=True, slots=True)
class File:
    """A file of a caller's."""

    id: str
    filename: str
    purpose: str
    content: bytes
    created_at: datetime

    def facts(self) -> Json:
        """Return what is told of it."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": int(self.created_at.timestamp()),
            "expires_at": int((self.created_at + LIFETIME).timestamp()),
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


class Files:
    """The latest files of all callers, each known to the one that made it."""

    def __init__(self) -> None:
        self._kept: Kept[File] = Kept()

    def create(self, call: Call) -> HttpResponse:
        """Answer `POST /v1/files`."""
        form = _form(call)
        if "file" not in form or "purpose" not in form:
            missing = "file" if "file" not in form else "purpose"
            raise Refused(400, f"Missing required parameter: '{missing}'.", code="invalid_request", param=missing)
        part = form["file"]
        purpose = form["purpose"].content.decode(errors="replace")
        if purpose not in PURPOSES:
            known = ", ".join(f"'{one}'" for one in PURPOSES)
            raise Refused(
                400, f"'{purpose}' is not one of [{known}] - 'purpose'", code="invalid_request", param="purpose"
            )
        file = File(f"file-{call.token('file')}", part.filename, purpose, part.content, call.now)
        self.keep(call, file)
        return call.reply(file.facts())

    def list(self, call: Call) -> HttpResponse:
        """Answer `GET /v1/files`: the newest first, unless `order` says otherwise."""
        query = parse_qs(call.request.query)
        purpose, order = query.get("purpose", [""])[0], query.get("order", ["desc"])[0]
        if order not in {"asc", "desc"}:
            raise Refused(400, "Invalid value for 'order'.", code="invalid_value", param="order")
        found = [file for file in self._kept.newest_first(call.identity.tenant) if purpose in {"", file.purpose}]
        files = {file.id: file for file in (found if order == "desc" else reversed(found))}
        return call.reply({"object": "list", **listed(call, files, File.facts, after="after")})

    def retrieve(self, call: Call) -> HttpResponse:
        """Answer `GET /v1/files/{id}`."""
        return call.reply(self.known(call, call.params["id"]).facts())

    def content(self, call: Call) -> HttpResponse:
        """Answer `GET /v1/files/{id}/content`."""
        body = Chunk(0.0, self.known(call, call.params["id"]).content)
        return HttpResponse(HTTPStatus.OK, {"content-type": "application/octet-stream"}, (body,), 0.0)

    def delete(self, call: Call) -> HttpResponse:
        """Answer `DELETE /v1/files/{id}`."""
        file = self.known(call, call.params["id"])
        self._kept.forget(call.identity.tenant, file.id)
        return call.reply({"id": file.id, "object": "file", "deleted": True})

    def keep(self, call: Call, file: File) -> None:
        """Keep one more for this caller."""
        self._kept.keep(call.identity.tenant, file.id, file)

    def known(self, call: Call, id_: str) -> File:
        """Return the caller's file of this id.

        Raises:
            Refused: there is none.
        """
        file = self._kept.get(call.identity.tenant, id_)
        if file is None:
            raise Refused(404, f"No such File object: {id_}", code="not_found", param="id")
        return file


@dataclass(frozen=True, slots=True)
class _Part:
    filename: str
    content: bytes


def _form(call: Call) -> dict[str, _Part]:
    """Return the parts of the form that a caller sent."""
    boundary = _BOUNDARY.search(call.request.headers.get("content-type", ""))
    if boundary is None:
        raise Refused(400, "The request has to be a form of several parts.", code="invalid_request")
    parts: dict[str, _Part] = {}
    for section in call.request.body.split(b"--" + boundary[1].encode())[1:-1]:
        head, _, content = section.partition(b"\r\n\r\n")
        if name := _NAME.search(head):
            filename = _FILENAME.search(head)
            said = "" if filename is None else filename[1].decode(errors="replace")
            parts[name[1].decode(errors="replace")] = _Part(said, content.removesuffix(b"\r\n"))
    return parts
