"""At what pace one model of one provider is asked: whether a call may begin now, or when.

Pure: whoever asks says what time it is, in seconds of any clock that only goes forward. What is believed in which
order, and why these numbers: docs/decisions/0026-a-pace-for-each-model.md.
"""

from __future__ import annotations

from typing import assert_never

from aijobs_sdk.engine.limits import ModelPace
from aijobs_sdk.engine.pace.pause import Pause
from aijobs_sdk.engine.pace.quotas import Quotas
from aijobs_sdk.engine.pace.rate import SendingRate
from aijobs_sdk.engine.pace.turn import ONE_REQUEST, UNTIL_A_CALL_ENDS, Amounts, Ending, Outcome, Size, Turn, Wait
from aijobs_sdk.engine.pace.window import Window

NEWEST_SHARE = 0.1
"""How much the newest call counts in the mean of how long calls take."""

EARLY_SECONDS = 1e-5
"""A turn is given this much early, as timers are; who asked again after less would ask for ever."""


class Pace:
    """A window of calls under way; quotas, where they are known; a rate that is found out, where they are not."""

    def __init__(self, *, first_calls: int, own: ModelPace, now: float) -> None:
        self.window = Window(first_calls, own.most_calls)
        self.pause = Pause()
        self.heard_at = now
        """When a call last ended that was not refused."""
        self._rate = SendingRate()
        self._quotas = Quotas(own, now=now)
        self._begun = 0
        self._seconds_a_call = 0.0

    @property
    def calls_per_second(self) -> float | None:
        """The rate that was found out; None where the provider tells its own, or none was needed."""
        return None if self._quotas.tell_requests else self._rate.per_second

    def ask(self, now: float, size: Size) -> Turn | Wait:
        """Return the turn for a call, or when to ask again."""
        if self.window.is_full:
            return UNTIL_A_CALL_ENDS
        amounts = self._amounts(size)
        seconds = max(self.pause.wait(now), self._quotas.wait(amounts, now), self._rate_wait(now))
        return Wait(seconds) if seconds > EARLY_SECONDS else self._begin(amounts, now)

    def end(self, turn: Turn, ending: Ending, now: float) -> None:
        """Take in how a call ended."""
        self._learn(turn, ending, now)
        if ending.outcome is not Outcome.REFUSED:
            self.heard_at = now
        match ending.outcome:
            case Outcome.ANSWERED:
                self._answered(turn, now)
            case Outcome.REFUSED:
                self._refused(turn, now, is_told_to_wait=ending.pause_seconds is not None)
            case Outcome.OVERLOADED:
                self._cut_window(turn)
            case Outcome.NOTHING:
                pass
            case _:
                assert_never(ending.outcome)
        if ending.pause_seconds is not None:
            self.pause.begin(ending.pause_seconds, now, calls=self.window.size)
        self.window.in_flight -= 1

    def give_back(self, turn: Turn, now: float) -> None:
        """Take back a turn that led to no call."""
        self.window.in_flight -= 1
        self._quotas.put_back(turn.amounts, now)

    def starved(self) -> None:
        """Take in that nobody waits for a turn."""
        self._rate.starved()

    def wait_behind(self, ahead: int, size: Size, now: float) -> float:
        """Return how long a call would wait behind so many like it; 0 where only asking can tell."""
        found_out = 0.0 if self.calls_per_second is None else ahead / self.calls_per_second
        told = self._quotas.wait_behind(ahead, self._amounts(size), now)
        return max(self.pause.seconds_left(now) + found_out, told)

    def _amounts(self, size: Size) -> Amounts:
        return size.amounts if self._quotas.count_tokens else ONE_REQUEST

    def _rate_wait(self, now: float) -> float:
        return 0.0 if self._quotas.tell_requests else self._rate.wait(now)

    def _begin(self, amounts: Amounts, now: float) -> Turn:
        self._begun += 1
        self.window.begin(self._begun)
        self.pause.began(now)
        self._rate.began(now)
        return Turn(self._begun, now, amounts, self._quotas.take(amounts, now))

    def _learn(self, turn: Turn, ending: Ending, now: float) -> None:
        if ending.tokens is not None:
            self._quotas.settle(turn, ending.tokens, now)
        if ending.allowances is not None:
            self._quotas.learn(ending.allowances, turn, ending.tokens, now)

    def _answered(self, turn: Turn, now: float) -> None:
        seconds = now - turn.began_at
        self._seconds_a_call += (NEWEST_SHARE if self._seconds_a_call else 1.0) * (seconds - self._seconds_a_call)
        self.pause.answered()
        self._rate.answered()
        self.window.grow(turn.number)
        room = self._quotas.room(turn.amounts, now)
        if room is not None:
            self.window.open_to(self.window.in_flight + room)

    def _refused(self, turn: Turn, now: float, *, is_told_to_wait: bool) -> None:
        if self._quotas.are_used_up(turn.amounts, now):
            return  # that is all that it says: the window is not too large
        is_news = self._cut_window(turn)
        self._rate.refused(turn.number, began_at=turn.began_at, is_news=is_news)
        if is_news and not is_told_to_wait:
            self.pause.refused(now)

    def _cut_window(self, turn: Turn) -> bool:
        # What is under way at the rate that was found out has to have room (Little's law).
        at_least = (self._rate.per_second or 0.0) * self._seconds_a_call
        return self.window.cut(turn.number, begun=self._begun, at_least=at_least)
