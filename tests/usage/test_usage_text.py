"""The report in a terminal and for programs: fixed words, exact amounts, silence where there is nothing to say."""

from __future__ import annotations

import json
from decimal import Decimal

from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.showing.json import report_json
from aijobs_sdk.usage.showing.text import report_text
from usage.month_facts import TENANTS, january_uses, month_facts, quiet_facts

FIXED_WORDS = ["month", "totals", "groups", "duplicates", "quarantined"]


def test_the_json_begins_with_the_words_that_other_tools_rely_on() -> None:
    told = report_json(month_facts())

    assert list(told)[:5] == FIXED_WORDS
    assert told["totals"] == {
        "rows": 6346,
        "credits": "23647.823513",
        "input_tokens": 5152952,
        "output_tokens": 1694382,
    }
    assert (told["duplicates"], told["quarantined"]) == (198, 5)


def test_the_json_has_every_fact() -> None:
    assert set(report_json(month_facts())) == {*MonthFacts.model_fields, *FIXED_WORDS, "metered_credits"}


def test_amounts_in_the_json_are_plain_decimal_text() -> None:
    small = month_facts().cost.replace(usd=Decimal("1E-9"))

    told = json.loads(json.dumps(report_json(month_facts(cost=small))))

    assert told["cost"]["usd"] == "0.000000001"
    assert told["corrections"][1] == {
        "month_year": "2025-12",
        "kind": "reversal",
        "rows": -3,
        "credits": "-4.250000",
    }


def test_facts_that_were_kept_as_json_are_shown_the_same() -> None:
    facts = month_facts()
    kept = MonthFacts.model_validate_json(facts.model_dump_json())

    assert report_text(kept) == report_text(facts)
    assert json.dumps(report_json(kept)) == json.dumps(report_json(facts))


def test_the_text_says_at_its_top_whether_the_month_is_final() -> None:
    assert report_text(month_facts()).startswith("Usage in 2026-01: closed, version 2\n")
    assert report_text(quiet_facts()).startswith("Usage in 2026-01: open\n")
    assert report_text(quiet_facts(version=1)).startswith("Usage in 2026-01: open again after version 1\n")


def test_the_text_lines_up_the_points_of_a_column() -> None:
    lines = report_text(month_facts()).splitlines()
    rows = [line for line in lines if line.startswith((*TENANTS, "Total"))][:21]

    assert len({line.index(".", 60) for line in rows}) == 1


def test_the_text_has_a_part_for_each_section_of_the_facts() -> None:
    parts = [block.splitlines()[0] for block in report_text(month_facts()).split("\n\n")]

    assert [part for part in parts if part in _PARTS] == _PARTS


_PARTS = [
    *("Against the month before", "Plans", "Corrections", "Budgets and forecast"),
    *("Provider cost", "Waste", "Anomalies", "Reconciliation"),
]


def test_the_text_says_nothing_of_what_there_is_nothing_to_say_of() -> None:
    _, groups, quality = report_text(quiet_facts()).split("\n\n")

    assert "Total" in groups
    assert quality == "0 duplicates counted once, 0 rows set aside.\n"


def test_the_text_names_the_models_that_no_price_is_known_of() -> None:
    text = report_text(month_facts())

    assert "1 model has no known price: listed below, in no sum, and not taken as free." in text
    assert "in-house  our-own-7b   301  331.103500" in text


def test_the_text_says_where_the_first_bad_row_of_each_kind_is() -> None:
    assert report_text(month_facts()).endswith(
        "198 duplicates counted once, 5 rows set aside.\n"
        "  bad_credits: 3, first at exports/january.csv:6 (credits_used is 'NaN')\n"
        "  id_conflict: 2, first at exports/january-2.csv:112 (credits_used differs)\n"
    )


def test_a_name_cannot_steer_a_terminal_nor_fill_it() -> None:
    uses = [use.__class__(**{**use.__dict__, "tenant": "\x1b[2J" + "x" * 10_000}) for use in january_uses()[:1]]

    text = report_text(month_facts(uses))

    assert "\x1b" not in text
    assert "\\x1b[2J" in text
    assert "x" * 200 not in text


def test_a_total_that_is_divided_by_nothing_is_shown_alone() -> None:
    text = report_text(month_facts(by=(), groups=()))

    assert "rows  input_tokens" in text
    assert "6,346     5,152,952" in text
