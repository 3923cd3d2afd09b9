"""Tiles, charts and their captions: what they say holds for the facts at hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.owed import ALL_TENANTS, BudgetStanding
from aijobs_sdk.usage.facts.totals import OTHER_MODELS
from aijobs_sdk.usage.showing.daily import daily_stack
from aijobs_sdk.usage.showing.page import report_page
from aijobs_sdk.usage.showing.pictures import course_figure, daily_figure
from aijobs_sdk.usage.showing.text import report_text
from aijobs_sdk.usage.showing.tiles import tiles
from usage.month_facts import FORECAST, january_uses, month_facts

UNTESTED = FORECAST.replace(tested_months=0, error=None, method="Run rate: … Not tested, for want of a month before.")


def budgeted_together() -> MonthFacts:
    """Return facts with a budget for all tenants beside one for each of them."""
    facts = month_facts(forecast=None)
    used = facts.totals.credits
    together = BudgetStanding(
        tenant_id=ALL_TENANTS,
        budget=Decimal(50_000),
        used=used,
        share=used / 50_000,
        forecast=None,
        state="within",
        warn_at=(),
    )
    return facts.replace(budgets=(together, *facts.budgets))


def test_how_a_forecast_was_told_is_said_to_its_last_word() -> None:
    words = " ".join(report_text(month_facts()).split())

    assert f"reckoned from the days up to 2026-01-24. {FORECAST.method} It was off by 4.1% on average." in words


def test_a_forecast_that_was_never_tested_claims_no_test() -> None:
    facts = month_facts(forecast=UNTESTED)

    assert "off by" not in report_text(facts)
    assert "earlier months" not in course_figure(facts)


def test_a_budget_for_all_tenants_is_not_added_to_those_it_is_made_of() -> None:
    facts = budgeted_together()

    assert tiles(facts)[-1].value == "47.3%"
    assert "budget 50,000" in course_figure(facts)


def test_models_beyond_the_dearest_are_one_series_however_many_they_are() -> None:
    uses = [replace(use, model=f"m{number % 8}") for number, use in enumerate(january_uses())]
    facts = month_facts([*uses, replace(uses[0], model=OTHER_MODELS, credits=Decimal(1_000_000))])

    assert OTHER_MODELS not in daily_stack(facts).series
    assert daily_stack(facts).series[5:] == ("other models",)
    assert "all days come to 1,0" in daily_figure(daily_stack(facts), facts.month)


def test_a_page_stays_small_whatever_days_its_month_bears() -> None:
    first = january_uses()[0]
    late = [replace(first, day=first.day - timedelta(days=number)) for number in range(2_000)]

    assert len(report_page(month_facts(late))) < 400_000


def test_six_models_have_a_colour_each_and_of_seven_two_share_one() -> None:
    uses = [replace(use, model=f"m{number % 7}") for number, use in enumerate(january_uses())]

    assert len(daily_stack(month_facts([use for use in uses if use.model != "m6"])).series) == 6
    assert daily_stack(month_facts(uses)).series[-1] == "other models"
