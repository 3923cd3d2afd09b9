"""A server of jobs on this machine, in a thread of its own and in any weather; it keeps what it was asked."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from wire.exchange import Answer, Line, Request, Stream, read_request
from wire.job_api import JobApi
from wire.weather import Exchange, Weather, fair

KEY = "aij_canary_5b2e7c11"


class ScriptedServer:
    """Entered, it listens; `api` says what it answers, `forecast()` how the answers arrive."""

    def __init__(self) -> None:
        self.api = JobApi(key=KEY)
        self.journal: list[Request] = []
        self.most_streams = 0
        """That were open at the same time."""
        self._open_streams = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted server", daemon=True)
        self._forecasts: list[tuple[str, Iterator[Weather]]] = []
        self._connections: dict[asyncio.Task[None], Line] = {}
        self._listening: asyncio.Server | None = None
        self._darkness: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def asked(self) -> Counter[str]:
        """How often each method and path was asked for."""
        return Counter(request.line for request in self.journal)

    def forecast(self, *weathers: Weather, on: str = "") -> None:
        """Let the next requests that begin like this meet these weathers, one each; after them it is fair again."""
        self.forecast_forever(weathers, on=on)

    def forecast_forever(self, weathers: Iterable[Weather], *, on: str = "") -> None:
        """Let requests that begin like this meet these weathers, one each, for as long as there are any."""
        self._forecasts.append((on, iter(weathers)))

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _open(self) -> None:
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._listening.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        for night in self._darkness:
            night.cancel()
        await asyncio.gather(*self._darkness, *self._vanish(), return_exceptions=True)
        await self._loop.shutdown_asyncgens()

    def _vanish(self) -> list[asyncio.Task[None]]:
        """Close the port and break every connection; return what has still to end."""
        if self._listening is not None:
            self._listening.close()
        ending = list(self._connections)
        for task, line in self._connections.items():
            line.reset()
            task.cancel()
        return ending

    def _go_dark(self, seconds: float) -> None:
        night = self._loop.create_task(self._be_away(seconds))
        self._darkness.add(night)
        night.add_done_callback(self._darkness.discard)

    async def _be_away(self, seconds: float) -> None:
        self._vanish()
        await asyncio.sleep(seconds)
        await self._open()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving is not None
        line = self._connections[serving] = Line(writer)
        # A client that goes away, or a server that does, ends a connection and nothing else.
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while await self._serve_one(reader, line):
                pass
        del self._connections[serving]
        line.hang_up()

    async def _serve_one(self, reader: asyncio.StreamReader, line: Line) -> bool:
        """Answer one request; return whether there may be another on this connection."""
        request = await read_request(reader)
        self.journal.append(request)
        answering = asyncio.ensure_future(self._answer(request, line))
        leaving = asyncio.ensure_future(reader.read(1))  # nobody asks again before the answer is there
        try:
            await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            answering.cancel()
            await asyncio.wait([answering, leaving])
        return not answering.cancelled() and answering.exception() is None and not line.is_closing

    async def _answer(self, request: Request, line: Line) -> None:
        answers: list[Answer] = []

        def answer() -> Answer:
            answers.append(self.api.answer(request))
            return answers[-1]

        try:
            with self._counted(request):
                await self._weather_for(request)(Exchange(answer, line, self._go_dark))
        finally:
            for stream in (one for one in answers if isinstance(one, Stream)):
                await stream.frames.aclose()

    def _weather_for(self, request: Request) -> Weather:
        expected = (next(weathers, None) for on, weathers in self._forecasts if request.line.startswith(on))
        return next((weather for weather in expected if weather is not None), fair)

    @contextmanager
    def _counted(self, request: Request) -> Iterator[None]:
        is_stream = request.line.endswith("/events")
        self._open_streams += is_stream
        self.most_streams = max(self.most_streams, self._open_streams)
        try:
            yield
        finally:
            self._open_streams -= is_stream
