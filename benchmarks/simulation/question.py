"""The one question that every server and every client is asked, so that their answers are of one size."""

from __future__ import annotations

import json

MODEL = "gpt-5.2"
PROMPT = "Tell me about rivers"
MAX_TOKENS = 41
"""What our simulation writes comes to 51 events with it: the role, the pieces, the finish reason and the end mark."""
LEAST_EVENTS = 50
PIECE = "flow "
"""As long as a piece of ours is on average."""
CANNED = (PIECE * (LEAST_EVENTS - 3)).strip()
"""What peers answer that have to be told: as many pieces, the other three events are their own."""
PATH = "/v1/chat/completions"


def body(*, stream: bool) -> str:
    """Return what is posted."""
    asked = {
        "model": MODEL,
        "max_tokens": MAX_TOKENS,
        "stream": stream,
        "messages": [{"role": "user", "content": PROMPT}],
    }
    return json.dumps(asked)


def headers() -> dict[str, str]:
    """Return what goes with the body."""
    return {"authorization": "Bearer k", "content-type": "application/json"}


def events_in(answer: bytes) -> int:
    """Return how many events a streamed answer has, its end mark included."""
    return sum(line.startswith(b"data:") for line in answer.splitlines())
