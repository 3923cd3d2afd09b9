"""Questions to a backend that come up in one turn of the loop are asked in one call: it does what they share once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from aijobs_sdk.contract.errors import AdmissionError, IdempotencyConflictError, InvalidRequestError

Q = TypeVar("Q")
A = TypeVar("A")

MOST_AT_ONCE = 100
OF_ONE = (InvalidRequestError, IdempotencyConflictError, AdmissionError)
"""How a backend refuses all of a call for one question in it, or for there being too many."""


class _Asked(NamedTuple, Generic[Q, A]):
    question: Q
    heard: Callable[[A], None] | None
    answer: asyncio.Future[A]


class Together(Generic[Q, A]):
    """Asks for many callers at once, on one loop; each hears its own answer, or why its own question was refused.

    Args:
        ask: answers all of some questions, in their order, or refuses all.
        most_at_once: so many questions make a call.
    """

    def __init__(
        self, ask: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], *, most_at_once: int = MOST_AT_ONCE
    ) -> None:
        self._ask = ask
        self._most_at_once = most_at_once
        self._waiting: list[_Asked[Q, A]] = []
        self._asking: set[asyncio.Task[None]] = set()

    async def ask(self, question: Q, *, heard: Callable[[A], None] | None = None) -> A:
        """Return the answer. It is `heard` even if whoever waits for it is interrupted: the question was asked."""
        loop = asyncio.get_running_loop()
        if not self._waiting or len(self._waiting) >= self._most_at_once:
            self._waiting = []
            asking = loop.create_task(self._ask_for(self._waiting))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
        asked = _Asked(question, heard, loop.create_future())
        self._waiting.append(asked)
        answer: A = await asked.answer
        return answer

    async def _ask_for(self, some: list[_Asked[Q, A]]) -> None:
        if some is self._waiting:
            self._waiting = []
        try:
            answers = await self._ask([one.question for one in some])
        except OF_ONE as refusal:
            if len(some) == 1:
                _tell(some, refusal)
                return
            middle = len(some) // 2  # nobody says which of them it was
            await self._ask_for(some[:middle])
            await self._ask_for(some[middle:])
        except asyncio.CancelledError:  # the loop ends
            for one in some:
                one.answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it is theirs who asked
            _tell(some, error)
        else:
            for one, answer in zip(some, answers, strict=True):
                if one.heard is not None:
                    one.heard(answer)
                if not one.answer.done():
                    one.answer.set_result(answer)


def _tell(some: Sequence[_Asked[Q, A]], error: Exception) -> None:
    for one in some:
        if not one.answer.done():
            one.answer.set_exception(error)
