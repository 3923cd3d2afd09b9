"""A key names what is asked, all of it and nothing else; a journal gives an item back as it was."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.contract.batches import BatchItem

PAYLOAD = {"prompt": "Hello", "model": "m", "max_tokens": 5}


def key(*, later_prompts: tuple[str, ...] = (), index: int = 0, row: object = "x", **fields: object) -> str:
    return Item(index, {"row": row}, PAYLOAD | fields, later_prompts).key  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {"prompt": "Hello."},
        {"model": "n"},
        {"max_tokens": 6},
        {"temperature": 0.5},
        {"fallback": True},
        {"output_schema": {"type": "object"}},
        {"images": [{"url": "https://x.test/a.png"}]},
        {"later_prompts": ("More",)},
    ],
)
def test_whatever_changes_the_answer_changes_the_key(changed: dict[str, object]) -> None:
    assert key(**changed) != key()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [{"index": 7}, {"row": "y"}, {"stream": False}, {"user_id": str(UUID(int=1))}, {"estimated_credits": "1"}],
)
def test_what_changes_nothing_about_the_answer_leaves_the_key(changed: dict[str, object]) -> None:
    assert key(**changed) == key()  # type: ignore[arg-type]


def test_the_order_of_fields_leaves_the_key() -> None:
    assert Item(0, {}, dict(reversed(PAYLOAD.items()))).key == key()  # type: ignore[arg-type]


def test_a_key_is_the_same_in_every_process_and_version() -> None:
    assert key() == "e872f3b75d98914a418188c0917154f3"


def test_a_journal_gives_an_item_back() -> None:
    item = Item(3, {"text": "x", "n": [1, None]}, {"prompt": "x", "model": "m"}, ("more",), skipped="why")
    again = Item.from_record(BatchItem.model_validate_json(item.to_record().model_dump_json()))
    assert (again, again.key) == (item, item.key)


def test_a_journal_keeps_what_json_has_no_word_for_as_text() -> None:
    inputs = {"day": date(2026, 1, 2), "price": Decimal("1.50"), "photo": b"\x00", "id": UUID(int=1)}
    record = Item(0, inputs, {}).to_record()
    assert record.inputs == {"day": "2026-01-02", "price": "1.50", "photo": "AA==", "id": str(UUID(int=1))}


def test_an_item_shows_neither_its_row_nor_its_prompt() -> None:
    shown = repr(Item(0, {"row": "private"}, {"prompt": "private"}, ("private",)))
    assert "private" not in shown
