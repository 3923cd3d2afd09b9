"""What calls may take of requests and tokens: as a provider tells it, and as an operator wants it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from aijobs_sdk.contract.provider import Allowance, Allowances, TokenNeed
from aijobs_sdk.engine.limits import ModelPace
from aijobs_sdk.engine.pace.bucket import Bucket, Weight
from aijobs_sdk.engine.pace.turn import Amounts, Turn, amounts_of

_REQUESTS, _TOKENS, _INPUT, _OUTPUT = range(len(Amounts._fields))
_KINDS_OF_TOKENS = (_TOKENS, _INPUT, _OUTPUT)


class Quotas:
    """Buckets by what they hold. Those of the provider follow its newest answer; what was sent since is taken off."""

    def __init__(self, own: ModelPace, *, now: float) -> None:
        given = {_REQUESTS: own.requests_per_minute, _TOKENS: own.tokens_per_minute}
        self._own = {kind: Bucket(limit, now=now) for kind, limit in given.items() if limit is not None}
        self._told: dict[int, Bucket] = {}
        self._all = tuple(self._own.items())
        self._told_by = 0
        """The number of the call whose answer is the newest: that of an older one is no news."""
        self._sent = Amounts(0.0, 0.0, 0.0, 0.0)

    @property
    def count_tokens(self) -> bool:
        """Whether it matters how large a call is."""
        return any(kind != _REQUESTS for kind, _ in self._all)

    @property
    def tell_requests(self) -> bool:
        """Whether the provider says how many requests it takes."""
        return _REQUESTS in self._told

    def wait(self, amounts: Amounts, now: float) -> float:
        """Return the seconds until there is enough of everything, 0 where there is."""
        longest = 0.0
        for kind, bucket in self._all:
            longest = max(longest, bucket.wait(amounts[kind], now))
        return longest

    def wait_behind(self, ahead: int, amounts: Amounts, now: float) -> float:
        """Return about how long the last of several such calls waits, `ahead` of which go before it."""
        waits = (bucket.wait_for_all((ahead + 1) * amounts[kind], now) for kind, bucket in self._all)
        return max(waits, default=0.0)

    def take(self, amounts: Amounts, now: float) -> Amounts:
        """Take a call out, and return what all calls have taken so far."""
        for kind, bucket in self._all:
            bucket.take(amounts[kind], now)
        self._sent = _sum(self._sent, amounts)
        return self._sent

    def put_back(self, amounts: Amounts, now: float) -> None:
        """Undo a call that was not made."""
        self.take(Amounts(*(-amount for amount in amounts)), now)

    def settle(self, turn: Turn, took: TokenNeed, now: float) -> None:
        """Take in what a call really took: of our own limits, as a provider tells about its own."""
        if turn.amounts.tokens and _TOKENS in self._own:
            self._own[_TOKENS].take(took.input + took.output - turn.amounts.tokens, now)

    def learn(self, said: Allowances, turn: Turn, took: TokenNeed | None, now: float) -> None:
        """Believe what the provider said in answer to this call, as of when that began: so it counts it itself."""
        if turn.number <= self._told_by:
            return
        self._told_by = turn.number
        for kind, allowance in _parts(said):
            known, sent = self._told.get(kind), turn.sent[kind]
            if known is None:
                known = self._told_of(kind, allowance, now)
                since = self._guessed_since(kind, turn, took)
            else:
                since = self._sent[kind] - sent
            known.learn(allowance, said_at=turn.began_at, sent=sent, sent_since=max(0.0, since), now=now)

    def room(self, amounts: Amounts, now: float) -> float | None:
        """Return how many such calls the provider would take at once; None where it says nothing."""
        rooms = [
            max(0.0, bucket.left(now)) / bucket.weighed(amount)
            for kind, bucket in self._told.items()
            if (amount := amounts[kind]) > 0
        ]
        return min(rooms, default=None)

    def are_used_up(self, amounts: Amounts, now: float) -> bool:
        """Whether the provider has no such call left, as it says itself."""
        return any(bucket.wait(amounts[kind], now) > 0 for kind, bucket in self._told.items())

    def _told_of(self, kind: int, first: Allowance, now: float) -> Bucket:
        weight = Weight() if kind in _KINDS_OF_TOKENS else None
        bucket = self._told[kind] = Bucket(first.limit, now=now, weight=weight)
        self._all = (*self._told.items(), *self._own.items())
        return bucket

    def _guessed_since(self, kind: int, turn: Turn, took: TokenNeed | None) -> float:
        """Return about what was sent since a call began, while nobody counted: others are taken to be like it."""
        calls = self._sent.requests - turn.sent.requests
        if kind == _REQUESTS:
            return calls
        return 0.0 if took is None else calls * amounts_of(took)[kind]


def _parts(said: Allowances) -> Iterator[tuple[int, Allowance]]:
    parts = (said.requests, said.tokens, said.input_tokens, said.output_tokens)
    return ((kind, one) for kind, one in enumerate(parts) if one is not None)


def _sum(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])
