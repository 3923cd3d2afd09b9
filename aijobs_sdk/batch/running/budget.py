"""What a batch may cost: what is under way counts against it at its highest price. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from aijobs_sdk.contract.estimate import Estimate

LONGEST_ANSWER = 10
"""A row whose answer nobody limits may cost so many times what it was quoted; there it is cut off, with the
`finish_reason` `length`. Own choice: a quote is for 500 tokens, and models write up to 250 times that."""
TYPICAL_TOKENS = 500
"""What a model that stands in for a cheaper one may write at least, where nobody limits the answer: as much as a quote
is for, beside the prompt at its own price."""
SMALLEST = Decimal("0.000001")


class Budget:
    """A cap on credits, of which each row reserves the most it can cost before it is sent.

    What was spent and what is reserved never exceed the cap together, whatever comes back in which order.
    """

    def __init__(self, cap: Decimal | None) -> None:
        self.cap = cap
        """None: any amount."""
        self.spent = Decimal(0)
        self.reserved = Decimal(0)
        self.unwatched = Decimal(0)
        """What jobs may cost that an earlier run sent for rows which are asked no more: nobody waits for their end."""

    @property
    def left(self) -> Decimal | None:
        """What may still be reserved."""
        return None if self.cap is None else self.cap - self.spent - self.reserved - self.unwatched

    def reserve(self, most: Decimal) -> bool:
        """Set so much aside, if there is so much left; return whether there was."""
        if self.left is not None and most > self.left:
            return False
        self.reserved += most
        return True

    def settle(self, most: Decimal, cost: Decimal) -> None:
        """Note what became of a reservation: nothing, for a row that was not answered."""
        self.reserved -= most
        self.spent += cost

    def used_up(self, most: Decimal) -> str:
        """Return why a row that may cost so much is not sent, in words for a person."""
        unwatched = f"{self.unwatched:f} are set aside for rows that are asked no more and under way still, "
        return (
            f"The budget of {self.cap:f} credits is used up: {self.spent:f} are spent, "
            f"{unwatched if self.unwatched else ''}and the next row may cost {most:f}. Raise it."
        )


def quoted_in(payload: Mapping[str, Any]) -> Decimal:
    """Return what a row is billed whatever it costs, where its caller says that."""
    return Decimal(str(payload.get("estimated_credits") or 0))


def as_priced(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is priced for `most_of()`: what a caller has quoted says nothing of how much an answer takes."""
    typical = {"max_tokens": TYPICAL_TOKENS} if payload.get("fallback") else {}
    if "estimated_credits" not in payload and not typical:
        return payload
    return {**typical, **{name: value for name, value in payload.items() if name != "estimated_credits"}}


def most_of(estimate: Estimate, payload: Mapping[str, Any]) -> Decimal:
    """Return the most that a request of this payload can cost, priced as `as_priced()` says.

    Where it names no `max_credits`, it is held to that by them.
    """
    if "max_credits" in payload:
        by_price = Decimal(str(payload["max_credits"]))
    elif "max_tokens" in payload and estimate.most_credits is not None:
        by_price = max(estimate.credits, estimate.most_credits)
    else:
        dearest = estimate.most_credits if payload.get("fallback") else None
        by_price = max(estimate.credits * LONGEST_ANSWER, dearest or SMALLEST)
    return max(by_price, quoted_in(payload))
