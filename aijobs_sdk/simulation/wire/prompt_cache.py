"""The cache of prompts: which beginnings a caller marked, and how much of them is still known."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.wire.anthropic_blocks import Body, blocks_of, text_of_block

LEAST_CACHED_TOKENS = 1024
"""Shorter beginnings of a prompt are not cached, marked or not."""
CACHE_LIFETIME = timedelta(minutes=5)
CACHED_PREFIXES = 10_000
"""How many are kept, over all callers: the one that was longest unused goes first."""


class Prefix(NamedTuple):
    """The beginning of a prompt, up to where the caller marked it as worth caching."""

    digest: bytes
    tokens: int


class PromptCache:
    """The beginnings of prompts that callers had cached in the last five minutes."""

    def __init__(self) -> None:
        self._kept_until: OrderedDict[tuple[str, bytes], datetime] = OrderedDict()

    def tokens_of(self, owner: str, prefixes: Sequence[Prefix], now: datetime) -> int:
        """Return how many tokens of these are cached: those of the longest that is."""
        known = [one.tokens for one in prefixes if self._kept_until.get((owner, one.digest), now) > now]
        return max(known, default=0)

    def keep(self, owner: str, prefixes: Sequence[Prefix], now: datetime) -> None:
        """Cache these from now on."""
        for one in prefixes:
            self._kept_until[owner, one.digest] = now + CACHE_LIFETIME
            self._kept_until.move_to_end((owner, one.digest))
        while len(self._kept_until) > CACHED_PREFIXES:
            self._kept_until.popitem(last=False)


def marked_prefixes(body: Body) -> Sequence[Prefix]:
    """Return the beginnings of a prompt that its caller marked, but for those too short to cache."""
    messages = blocks_of(body.get("messages"))
    blocks = [*blocks_of(body.get("system")), *(block for one in messages for block in blocks_of(one.get("content")))]
    ends = [place + 1 for place, block in enumerate(blocks) if block.get("cache_control")]
    if body.get("cache_control"):
        ends.append(len(blocks))
    texts = ["\n".join(map(text_of_block, blocks[:end])) for end in ends]
    prefixes = [
        Prefix(hashlib.blake2b(text.encode(), digest_size=16).digest(), estimate_tokens(text)) for text in texts
    ]
    return [prefix for prefix in prefixes if prefix.tokens >= LEAST_CACHED_TOKENS]
