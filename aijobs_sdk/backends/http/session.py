"""All that belongs to one event loop: its connections, and who asks and listens over them."""

from __future__ import annotations

from functools import partial

from aijobs_sdk.backends.http.address import Address
from aijobs_sdk.backends.http.authority import Authority
from aijobs_sdk.backends.http.backoff import Chance
from aijobs_sdk.backends.http.batches import Batches
from aijobs_sdk.backends.http.calls import Calls
from aijobs_sdk.backends.http.ends import Ends
from aijobs_sdk.backends.http.hooks import HttpHooks
from aijobs_sdk.backends.http.kept_jobs import KeptJobs
from aijobs_sdk.backends.http.limits import HttpLimits
from aijobs_sdk.backends.http.listener import Listener
from aijobs_sdk.backends.http.log_reader import LogReader
from aijobs_sdk.backends.http.lookups import Lookups
from aijobs_sdk.backends.http.pools import OpenTransport, open_pool
from aijobs_sdk.backends.http.proxies import proxy_to
from aijobs_sdk.backends.http.spans import Spans
from aijobs_sdk.backends.http.stream import StreamTools
from aijobs_sdk.backends.http.telling import Telling
from aijobs_sdk.backends.http.watch import Watch


class Session:
    """A pool of connections, and what is under way over it."""

    def __init__(
        self,
        address: Address,
        *,
        limits: HttpLimits,
        hooks: HttpHooks,
        chance: Chance,
        open_transport: OpenTransport | None,
    ) -> None:
        kept = KeptJobs()
        self._client = open_pool(address, limits, open_transport)
        telling = Telling(hooks)
        spans = Spans(hooks.tracer_provider, address.host)
        self.calls = Calls(
            self._client,
            address.shown,
            limits=limits,
            telling=telling,
            spans=spans,
            chance=chance,
            find_proxy=partial(proxy_to, address),
        )
        self.lookups = Lookups(self.calls, kept)
        self.batches = Batches(self.calls)
        self.logs = LogReader(self.calls, kept)
        listener = Listener(self._client, address.shown, limits=limits, telling=telling)
        authority = Authority(self.calls, self.lookups, self.logs)
        tools = StreamTools(listener, authority, kept, chance, limits.retry_seconds)
        self.watch = Watch(tools, address.shown, most_streams=limits.max_streams)
        self.ends = Ends(self.lookups, self.watch)

    async def aclose(self) -> None:
        """End what is under way, then close the connections."""
        await self.watch.aclose()
        await self.lookups.aclose()
        await self.calls.aclose()
        await self._client.aclose()
