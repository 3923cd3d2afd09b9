"""What a handler holds while it works: its job, its providers, and a pen for the event log."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import NoReturn
from uuid import UUID

from aijobs_sdk.contract.blocks import Block
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.economy import BatchProvider
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.events import JobEvent, TextDelta
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.plain_text import made_plain
from aijobs_sdk.contract.provider import GenerationChunk, GenerationRequest, ImageRequest, Picture, Provider, TokenNeed
from aijobs_sdk.contract.records import Document, Effects
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.contract.store import Claim, Progress, Store, Text
from aijobs_sdk.engine.answer import Answer
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.limits import LONGEST_SECONDS, Limits
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.engine.pace.paces import Paces
from aijobs_sdk.engine.pace.turn import Asker
from aijobs_sdk.engine.provider_call import call_for_picture, call_provider, unsupported
from aijobs_sdk.engine.provider_guard import ProviderGuard

FLUSH_CHARS = 256
FLUSH_SECONDS = 0.02
NO_EFFECTS = Effects()


@dataclass(frozen=True, slots=True)
class World:
    """What an attempt touches outside itself, so that a test can give it another."""

    store: Store
    providers: Mapping[str, Provider]
    clock: Clock
    chance: Chance
    limits: Limits
    meter: Meter = field(default_factory=Meter)
    missing: Mapping[str, str] = field(default_factory=dict)
    """By the name of a provider that cannot be asked here: what to set or install first."""
    guard: ProviderGuard = field(init=False)

    def __post_init__(self) -> None:
        limits = self.limits
        paces = None if limits.pace is None else Paces(limits.pace, places=limits.concurrency, chance=self.chance)
        object.__setattr__(self, "guard", ProviderGuard(self.clock, limits.breaker, self.meter, paces))

    async def aclose(self) -> None:
        """Give back what providers and the store hold open; the next call opens it again."""
        try:
            for provider in self.providers.values():
                await provider.aclose()
        finally:
            await self.store.aclose()


class ComeBackLater(Exception):  # noqa: N818 - no error, but how a handler ends an attempt that only had to look
    """The job is to be taken up again after this time, and this attempt does not count."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Again in {seconds:g} s.")
        self.seconds = seconds


class JobContext:
    """One attempt's hands. Every write goes through its lease, so a worker that lost the job can change nothing."""

    def __init__(self, claim: Claim, world: World) -> None:
        self.job: Job = claim.job
        self.attempt: int = claim.job.attempts
        """Which try this is, from 1."""
        self.claims: int = claim.lease.fence
        """How often the job was claimed so far: attempts, and those that were given back."""
        self.draw_key: str = claim.draw_key
        self.clock: Clock = world.clock
        self.began_at: datetime = world.clock.now()
        """When the attempt began, or went on after it was given back."""
        self.effects: Effects = NO_EFFECTS
        """What is committed with the completion, or not at all; the handler sets it before it returns."""
        self.stopping: bool = False
        """Whether the job was cancelled: set before the handler is interrupted at its next await."""
        self.interrupted: bool = False
        """Whether its worker gives it up: else who cancelled it is the loop that ends, or the handler itself."""
        self.region: str = ""
        """Where the provider was asked last; empty where nobody said, or none was asked."""
        self._asker = Asker(was_sent_away=self.claims > self.attempt)
        self._lease = claim.lease
        self._world = world
        self._answer: Answer | None = None
        self._flushed_at = 0.0

    async def progress(self, percent: float, message: str) -> None:
        """Tell everybody who watches how far the job is, in percent: whole ones, from 0 to 100, are what they see."""
        written = self._update()
        progress = Progress(int(min(100, max(0, percent))), made_plain(message))
        await self._world.store.append(self._lease, [progress] if written is None else [written, progress])

    async def write(self, text: str, *, soon: bool = True) -> None:
        """Show more of the answer to whoever streams the job; small pieces are sent together.

        What need not be seen soon goes with the next progress, or with the end.

        Raises:
            TypeError: it is no text, such as bytes that nobody has decoded.
        """
        if not isinstance(text, str):
            raise TypeError(f"write() takes a text, got {shape_of(text)}.")
        answer = await self._open_answer()
        answer.write(text if text.isascii() else made_plain(text))
        if not soon:
            return
        waited = self.clock.now().timestamp() - self._flushed_at
        if answer.pending_chars >= FLUSH_CHARS or waited >= FLUSH_SECONDS:
            await self.flush()

    async def flush(self) -> None:
        """Send what `write()` has kept back."""
        if update := self._update():
            await self._world.store.append(self._lease, [update])

    async def start_over(self) -> None:
        """Write the answer anew: readers go back to where the new one parts from what they have."""
        await self.flush()
        self._answer = Answer(await self._shown())

    async def end_answer(self) -> Sequence[Text]:
        """Return what has to be sent with the end, so that readers have exactly what this attempt wrote."""
        if self._answer is None and not self._was_claimed_before:
            return ()
        update = (await self._open_answer()).end()
        return () if update is None else (update,)

    async def document(self, document_id: UUID) -> Document | None:
        """Return a document of the job's tenant, None where there is none by that id."""
        return await self._world.store.document(self.job.tenant_id, document_id)

    async def block(self, block_id: UUID) -> Block | None:
        """Return a block of the job's tenant as it stands, None where there is none by that id."""
        return await self._world.store.block(self.job.tenant_id, block_id)

    def can_ask(self, provider: str) -> bool:
        """Return whether this provider is set up here."""
        return provider in self._world.providers

    def generate(
        self,
        provider: str,
        request: GenerationRequest,
        *,
        timeout_seconds: float,
        region: str | None = None,
        need: Callable[[], TokenNeed] | None = None,
    ) -> AsyncGenerator[GenerationChunk]:
        """Yield a provider's answer, `Finished` last; close it (`aclosing`) to end the call early.

        `region` is where that provider is asked, for errors and metrics. `need` says how many tokens the call is likely
        to take; it is asked where the provider, or an operator, limits them.

        Raises:
            ProviderError: the provider is not set up, failed, took too long, or stopped half-way.
            CircuitOpenError: it failed too often just now. Let it pass, and the job comes back when the provider may
                be asked again, without a loss of attempts; or catch it, and ask another provider.
            ProviderBusyError: as many calls as it allows wait already. Let it pass, and the job comes back in the same
                way. Only the first call of an attempt raises it: later ones wait for their turn.
        """
        return call_provider(
            self._turn_to(provider, region),
            request,
            timeout_seconds=timeout_seconds,
            guard=self._world.guard,
            region=self.region,
            asker=self._asker,
            need=need,
        )

    async def draw(
        self, provider: str, request: ImageRequest, *, timeout_seconds: float, region: str | None = None
    ) -> Picture:
        """Return a provider's picture; `region` is as of `generate()`.

        Raises:
            ProviderError: the provider is not set up, draws nothing, failed, or took too long.
            CircuitOpenError, ProviderBusyError: as of `generate()`.
        """
        return await call_for_picture(
            self._turn_to(provider, region),
            request,
            timeout_seconds=timeout_seconds,
            guard=self._world.guard,
            region=self.region,
            asker=self._asker,
        )

    def batch_provider(self, provider: str, *, region: str | None = None) -> BatchProvider:
        """Return a provider to send batches to; `region` is as of `generate()`.

        Raises:
            ProviderError: it is not set up, or takes none.
        """
        found = self._turn_to(provider, region)
        if not isinstance(found, BatchProvider):
            raise unsupported(provider, "takes no batches from us, and nothing was sent. Ask without `economy`.")
        return found

    def come_back(self, seconds: float) -> NoReturn:
        """End this attempt, which does not count, and have the job taken up again after this time.

        For work that goes on elsewhere; what it is has to be found again, perhaps by another process. A job that is
        cancelled meanwhile is not taken up again.

        Raises:
            ValueError: that is no time, or beyond the calendar.
        """
        if not 0 <= seconds <= LONGEST_SECONDS:  # nor is it NaN
            raise ValueError(f"`seconds` must be from 0 to {LONGEST_SECONDS:,.0f}.")
        raise ComeBackLater(seconds)

    def idempotency_token(self, step: str) -> str:
        """Return a name for this step of this job that is the same in every attempt."""
        return blake2b(f"{self.job.id}/{step}".encode(), digest_size=16).hexdigest()

    def _turn_to(self, name: str, region: str | None) -> Provider:
        """Return a provider that is about to be asked."""
        if not self.can_ask(name):
            raise _not_set_up(name, self._world.missing.get(name))
        self.region = region or ""
        return self._world.providers[name]

    def _update(self) -> Text | None:
        """Return what `write()` has kept back, to be sent now; None where there is nothing."""
        update = None if self._answer is None else self._answer.update()
        if update is not None:
            self._flushed_at = self.clock.now().timestamp()
        return update

    async def _open_answer(self) -> Answer:
        if self._answer is None:
            self._answer = Answer(await self._shown() if self._was_claimed_before else "")
        return self._answer

    @property
    def _was_claimed_before(self) -> bool:
        """Whether an earlier attempt may have shown text to somebody."""
        return self.claims > 1

    async def _shown(self) -> str:
        events: list[JobEvent] = []
        while more := await self._world.store.events(
            self.job.tenant_id, self.job.id, after=events[-1].seq if events else 0
        ):
            events += more
        return text_of(events)


def text_of(events: Iterable[JobEvent]) -> str:
    """Return the answer as a reader of these events has it."""
    text = ""
    for event in events:
        if isinstance(event, TextDelta):
            text = text[: event.offset] + event.text
    return text


def _not_set_up(provider: str, to_do: str | None) -> ProviderError:
    to_do = to_do or "This SDK has no adapter for it: pass one as `providers=[…]` to the client."
    return ProviderError(
        f"{provider} cannot be asked here, and nothing was sent. {to_do} AI_MOCK_MODE=true needs no provider.",
        code="provider_not_configured",
        category=ErrorCategory.AUTHENTICATION,
        provider=provider,
        retryable=False,
    )
