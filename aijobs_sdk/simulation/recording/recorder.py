"""`with aijobs.record("run.jsonl") as recorder:` what real endpoints answer to the vendors' own clients, and when."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.simulation.recording.file import RecordingFile
from aijobs_sdk.simulation.recording.take import Take
from aijobs_sdk.simulation.recording.transport import recording_transport
from aijobs_sdk.simulation.wire.exchange import HttpRequest


class Recorder:
    """Writes down the exchanges that go through its transports."""

    def __init__(self, file: RecordingFile) -> None:
        self._file = file
        self._numbers = itertools.count(file.next_number)
        self._under_way: set[Take] = set()

    def transport(self, library: ModuleType, *, under: Any = None) -> Any:  # noqa: ANN401 - classes of the library's own
        """Return a network for asynchronous clients of `httpx2` or `httpx`, and so for vendors' own.

        `openai.AsyncOpenAI(http_client=httpx2.AsyncClient(transport=recorder.transport(httpx2)))`: requests go where
        they always go, and bytes come through as they come. `under` is what sends them; None: the library's own. In a
        forked child they raise a `ConfigurationError`: the file is its parent's.
        """
        return recording_transport(library, library.AsyncHTTPTransport() if under is None else under, self._begin)

    def close(self) -> None:
        """Write what is still under way, as left by its caller, and close the file; in a forked child do neither.

        Raises:
            ConfigurationError: some exchanges could not be written.
        """
        if not self._file.is_ours:
            return  # to give it back here would take it from the parent
        for take in tuple(self._under_way):
            take.leave()
        self._file.close()

    def _begin(self, request: HttpRequest) -> Take:
        if not self._file.is_ours:
            raise ConfigurationError(
                f"This process was forked from the one that records to {self._file.path}, and both would write to it. "
                "Record to another file here."
            )
        take = Take(request, next(self._numbers), self._end)
        self._under_way.add(take)
        return take

    def _end(self, take: Take) -> None:
        if not self._file.is_ours:
            return  # what was under way at the fork goes on in the parent
        self._under_way.discard(take)
        if take.problem is None:
            self._file.add(take.exchange())
        else:
            self._file.leave_out(take.problem)


@contextmanager
def record(path: str | Path) -> Iterator[Recorder]:
    """Record what goes through the recorder's transports into a file: a new one, or at the end of a recording.

    A line an exchange, written when it ends, with the second of each piece. The file holds neither keys nor prompts
    nor who asked, only a digest by which the same request is known again; what models wrote is in it as it is.
    `aijobs.mock(replay=path)` plays it. A child that is forked inside has no part in it.

    Raises:
        ConfigurationError: the file cannot be written, or somebody records to it already; at the end: some exchanges
            could not be written.
        InvalidRequestError: there is a file that is no recording, or one of another version.
    """
    recorder = Recorder(RecordingFile(path))
    try:
        yield recorder
    finally:
        recorder.close()
