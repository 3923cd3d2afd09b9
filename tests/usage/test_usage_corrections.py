"""A row that was set aside as contradicting another can be accepted; nothing that was entered is ever changed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.closing.corrections import CorrectionsMade, accept_corrections
from aijobs_sdk.usage.closing.months import closed_facts, reopen_month, verify_month
from aijobs_sdk.usage.reading.files import data_quality
from aijobs_sdk.usage.store import UsageStore
from usage.books import NOW, billed, close, read, row_of
from usage.usage_rows import text_row


@pytest.fixture
def store() -> Iterator[UsageStore]:
    opened = UsageStore()
    yield opened
    opened.close()


def accept(store: UsageStore, ids: list[UUID] | None = None) -> CorrectionsMade:
    return accept_corrections(store, reason="the newer export is right", ids=ids, now=NOW)


def test_one_id_on_both_sides_of_a_month_border_is_billed_once_and_told_of(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, text_row(1, month_year="2026-01", created_at="2026-01-31T23:59:59.9Z"))
    read(store, tmp_path, text_row(1, month_year="2026-02", created_at="2026-02-01T00:00:00.1Z"))

    assert billed(store) == {"2026-01": Decimal("1.5")}
    assert store.ask("SELECT reason FROM quarantine").cells == (("id_conflict",),)


def test_an_accepted_row_is_billed_in_place_of_the_one_it_contradicts(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01"))
    read(store, tmp_path, row_of("2026-01", credits_used="2.250000"))

    made = accept(store)

    assert (made.corrections, made.credits, made.months) == (1, Decimal("0.75"), ("2026-01",))
    assert billed(store) == {"2026-01": Decimal("2.25")}
    assert store.ask("SELECT kind, quantity, credits_used FROM entry ORDER BY position").cells == (
        ("usage", 1, Decimal("1.5")),
        ("reversal", -1, Decimal("-1.5")),
        ("replacement", 1, Decimal("2.25")),
    )


def test_a_replacement_says_all_that_its_row_says(store: UsageStore, tmp_path: Path) -> None:
    metadata = (
        '{"job_id": "j1", "document_id": "d1", "metered_credits": "1.25", "attempts": 2, "cached_input_tokens": 7, '
        '"latency_seconds": 0.5}'
    )
    right = row_of("2026-01", user_id="u2", model="claude-sonnet-4.5", input_tokens="1", metadata=metadata)
    alone = UsageStore()
    read(alone, tmp_path, right)
    read(store, tmp_path, row_of("2026-01"))
    read(store, tmp_path, right)

    accept(store)

    said = "SELECT * EXCLUDE (position, kind, file_id) FROM entry WHERE position = (SELECT max(position) FROM entry)"
    assert store.ask(said) == alone.ask(said)


def test_a_reversal_takes_back_all_that_can_be_added_up(store: UsageStore, tmp_path: Path) -> None:
    metadata = '{"metered_credits": "1.25", "attempts": 2, "cached_input_tokens": 7, "latency_seconds": 0.5}'
    read(store, tmp_path, row_of("2026-01", metadata=metadata))
    read(store, tmp_path, row_of("2026-01", credits_used="0.000000"))

    accept(store)

    left = store.ask(
        "SELECT sum(quantity), sum(input_tokens), sum(output_tokens), sum(credits_used), sum(metered_credits), "
        "sum(attempts), sum(cached_input_tokens), sum(latency_seconds) FROM entry WHERE kind <> 'replacement'"
    )
    assert set(left.cells[0]) == {0}


def test_the_correction_of_a_closed_month_is_borne_by_the_next_open_one(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01"))
    close(store, "2026-01")
    close(store, "2026-02")
    read(store, tmp_path, row_of("2026-01", credits_used="1.000000"))

    made = accept(store)

    assert made.months == ("2026-03",)
    assert billed(store) == {"2026-01": Decimal("1.5"), "2026-03": Decimal("-0.5")}
    assert verify_month(store, "2026-01").matches


def test_a_row_that_belongs_to_another_open_month_moves_there(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01"))
    read(store, tmp_path, row_of("2026-02"))

    made = accept(store)

    assert made.months == ("2026-01", "2026-02")
    assert billed(store) == {"2026-01": Decimal(0), "2026-02": Decimal("1.5")}


def test_a_row_that_came_late_is_corrected_where_it_was_billed(store: UsageStore, tmp_path: Path) -> None:
    close(store, "2026-01")
    read(store, tmp_path, row_of("2026-01"))
    reopen_month(store, "2026-01", reason="a tenant's export was missing", now=NOW)
    read(store, tmp_path, row_of("2026-01", credits_used="1.000000"))

    accept(store)

    assert billed(store) == {"2026-02": Decimal("1.0")}


def test_of_several_rows_the_newest_counts_and_none_waits_any_longer(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01"))
    read(store, tmp_path, row_of("2026-01", credits_used="2.000000"))
    read(store, tmp_path, row_of("2026-01", credits_used="3.000000"))

    made = accept(store)

    assert (made.corrections, billed(store)) == (1, {"2026-01": Decimal("3.0")})
    assert store.ask("FROM quarantine").cells == ()
    assert data_quality(store).accepted == 2


def test_accepting_again_changes_nothing_more(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01"))
    read(store, tmp_path, row_of("2026-01", credits_used="2.000000"))
    accept(store)
    entered = store.ask("FROM entry ORDER BY position")

    assert (accept(store).corrections, accept(store, [UUID(int=1)]).corrections) == (0, 0)
    assert store.ask("FROM entry ORDER BY position") == entered


def test_only_the_ids_that_are_named_are_accepted(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01", 1), row_of("2026-01", 2))
    read(store, tmp_path, row_of("2026-01", 1, credits_used="2.0"), row_of("2026-01", 2, credits_used="3.0"))

    assert accept(store, []).corrections == 0
    accept(store, [UUID(int=2)])

    assert billed(store) == {"2026-01": Decimal("4.5")}


def test_an_id_that_no_waiting_row_has_is_refused_and_nothing_accepted(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01", 1), row_of("2026-01", 2))
    read(store, tmp_path, row_of("2026-01", 1, credits_used="2.0"))

    with pytest.raises(InvalidRequestError, match="00000002 was set aside as `id_conflict`"):
        accept(store, [UUID(int=1), UUID(int=2)])

    assert billed(store) == {"2026-01": Decimal("3.0")}


def test_a_correction_needs_a_reason_which_is_kept(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01"))
    read(store, tmp_path, row_of("2026-01", credits_used="2.0"))

    with pytest.raises(InvalidRequestError, match="`reason` must say why"):
        accept_corrections(store, reason=" ", now=NOW)
    accept(store)

    assert store.ask("SELECT reason, corrections, credits FROM correction_act").cells == (
        ("the newer export is right", 1, Decimal("0.5")),
    )


def test_after_a_correction_its_row_and_the_old_one_are_duplicates(store: UsageStore, tmp_path: Path) -> None:
    wrong, right = row_of("2026-01"), row_of("2026-01", credits_used="2.0")
    read(store, tmp_path, wrong)
    read(store, tmp_path, right)
    accept(store)

    read(store, tmp_path, right, row_of("2026-01", 2))
    read(store, tmp_path, wrong, row_of("2026-01", 3))

    assert billed(store) == {"2026-01": Decimal("5.0")}
    assert len(store.ask("FROM quarantine")) == 0


def test_what_differs_is_told_against_the_newest_statement(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01"))
    read(store, tmp_path, row_of("2026-01", credits_used="2.0"))
    accept(store)

    read(store, tmp_path, row_of("2026-01", credits_used="2.0", model="another"))

    ((detail,),) = store.ask("SELECT detail FROM quarantine").cells
    assert str(detail).endswith("with another model")


months = st.sampled_from(["2026-01", "2026-02", "2026-03", "2026-04"])
statements = st.tuples(months, st.integers(0, 300))
"""Of a row: its month, and its credits in hundredths."""


class Bookkeeping(RuleBasedStateMachine):
    """Rows come in, are corrected, and months are closed and reopened, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.store = UsageStore()
        self.folder = self.store.path.parent
        self.read: set[tuple[int, tuple[str, int]]] = set()
        self.counting: dict[int, tuple[str, int]] = {}
        self.waiting: dict[int, tuple[str, int]] = {}
        """By id, the newest of those that were set aside."""
        self.closed: dict[str, str] = {}
        """What was kept of each closed month."""

    @rule(number=st.integers(1, 5), statement=statements)
    def a_row_arrives(self, number: int, statement: tuple[str, int]) -> None:
        month, cents = statement
        read(self.store, self.folder, row_of(month, number, credits_used=f"{cents / 100:.6f}"))
        if self.counting.setdefault(number, statement) != statement and (number, statement) not in self.read:
            self.waiting[number] = statement
        self.read.add((number, statement))  # the same file again says nothing new

    @rule(month=months)
    def a_month_is_closed_or_reopened(self, month: str) -> None:
        if month in self.closed:
            reopen_month(self.store, month, reason="a test", now=NOW)
            del self.closed[month]
        else:
            close(self.store, month)
            self.closed[month] = kept(self.store, month)

    @precondition(lambda self: self.waiting)
    @rule()
    def what_waits_is_accepted(self) -> None:
        assert accept(self.store).corrections == len(self.waiting)
        self.counting |= self.waiting
        self.waiting.clear()

    @invariant()
    def all_bills_add_up_to_what_counts(self) -> None:
        assert sum(billed(self.store).values()) * 100 == sum(cents for _, cents in self.counting.values())

    @invariant()
    def each_id_counts_once(self) -> None:
        by_id = self.store.ask("SELECT sum(quantity) FROM entry GROUP BY id").cells
        assert by_id == ((1,),) * len(self.counting)

    @invariant()
    def a_closed_month_never_moves(self) -> None:
        assert {month: kept(self.store, month) for month in self.closed} == self.closed
        assert all(verify_month(self.store, month).matches for month in self.closed)

    def teardown(self) -> None:
        self.store.close()


def kept(store: UsageStore, month: str) -> str:
    facts = closed_facts(store, month)
    assert facts is not None
    return facts.model_dump_json()


TestBookkeeping = Bookkeeping.TestCase
TestBookkeeping.settings = settings(max_examples=8, stateful_step_count=10, deadline=None)
