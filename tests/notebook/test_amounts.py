"""Amounts read as a person says them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aijobs_sdk.notebook.amounts import credits_text, duration, rough_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.1, "9.1 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (125, "2 min 5 s"), (4800, "1 h 20 min")],
)
def test_times_read_as_a_person_says_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (7.4, "7 s"), (9.96, "10 s"), (125, "2 min 5 s")])
def test_a_time_that_is_only_guessed_has_no_parts_of_a_second(seconds: float, text: str) -> None:
    assert rough_duration(seconds) == text


@pytest.mark.parametrize(("amount", "text"), [("0", "0.00"), ("1234.5", "1,234.50"), ("0.004", "0.00")])
def test_credits_are_told_to_the_hundredth(amount: str, text: str) -> None:
    assert credits_text(Decimal(amount)) == text
