"""The report as a page, in a real browser: for every reader, in light, in dark, on paper, with the network off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.showing.chapters.usage_tables import groups_table
from aijobs_sdk.usage.showing.charts import MIDDLE_TONES, bare_bars
from aijobs_sdk.usage.showing.daily import daily_stack
from aijobs_sdk.usage.showing.fragment import report_fragment
from aijobs_sdk.usage.showing.page import report_page, write_page
from panels.contrast import contrast
from panels.pages import read
from services.chromium import running_chromium
from usage.month_facts import Use, january_uses, month_facts, quiet_facts

pytestmark = pytest.mark.timeout(600)  # the first of these tests may install the browser

HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>{{m^2}}\x1b=HYPERLINK"
VOID = {"meta", "link", "br", "img", "input", "hr", "col"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "january.html"
    write_page(report_page(month_facts()), path)
    return path


def opened(browser: Browser, path: Path, *, scheme: str = "light", script: bool = True, width: int = 1200) -> Page:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=script,
        viewport={"width": width, "height": 900},
    )
    page = context.new_page()
    page.goto(path.as_uri())
    return page


def hostile_facts(count: int = 1) -> MonthFacts:
    """Return facts in which every name is as bad and as long as can be."""
    name = HOSTILE + "<" * 500
    uses = january_uses() * count
    bad = [
        replace(use, tenant=f"{number % 400}{name}", user=f"{number}{name}", model=f"{number % 90}{name}")
        for number, use in enumerate(uses)
    ]
    return month_facts(bad)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("facts", [month_facts(), quiet_facts()], ids=["full", "quiet"])
def test_axe_finds_nothing_that_keeps_anyone_out(
    browser: Browser, tmp_path: Path, facts: MonthFacts, scheme: str
) -> None:
    write_page(report_page(facts), tmp_path / "page.html")
    page = opened(browser, tmp_path / "page.html", scheme=scheme)
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")

    found = Axe().run(page, options={"resultTypes": ["violations", "incomplete"]}).response

    assert found["violations"] == []
    assert len(found["passes"]) > 20


def test_dark_is_dark_and_light_is_light(browser: Browser, page_file: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"

    assert opened(browser, page_file, scheme="light").evaluate(paper) == "rgb(255, 255, 255)"
    assert opened(browser, page_file, scheme="dark").evaluate(paper) == "rgb(21, 24, 29)"


def test_the_page_asks_nobody_for_anything(browser: Browser, page_file: Path) -> None:
    asked: list[Request] = []
    with browser.new_page() as page:
        page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright marks what it is given
        page.goto(page_file.as_uri())
        page.wait_for_load_state("networkidle")

    assert [request.url for request in asked if not request.url.startswith("data:")] == [page_file.as_uri()]


def test_the_page_needs_no_script(browser: Browser, page_file: Path) -> None:
    page = opened(browser, page_file, script=False)
    page.get_by_text("The same in numbers").click()

    assert page.get_by_role("img", name="Credits of each day in 2026-01, by model").is_visible()
    assert page.get_by_role("cell", name="1,208.892120").first.is_visible()
    assert "<script" not in page_file.read_text("utf-8")


def test_a_keyboard_comes_to_the_report_at_once(browser: Browser, page_file: Path) -> None:
    page = opened(browser, page_file)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"


def test_a_reader_hears_landmarks_one_title_and_named_tables(browser: Browser, page_file: Path) -> None:
    page = opened(browser, page_file)

    assert page.locator("h1").count() == 1
    assert [page.get_by_role(role).count() for role in ("banner", "navigation", "main", "contentinfo")] == [1] * 4
    assert page.locator("table").count() == page.locator("table > caption").count() > 15
    assert page.locator("th:not([scope])").count() == 0


def test_each_bar_is_as_high_as_its_credits(browser: Browser, page_file: Path) -> None:
    """Of the dearest model, on two days: the heights are in the ratio of the numbers."""
    page = opened(browser, page_file)
    bars = page.locator("svg.chart").first.locator("rect.s0")
    first, fifteenth = (float(bars.nth(day).get_attribute("height") or 0) for day in (0, 14))

    assert fifteenth / first == pytest.approx(558.4857 / 370.6415, rel=0.01)


def test_large_numbers_beside_a_chart_are_not_cut(browser: Browser, tmp_path: Path) -> None:
    uses = [replace(use, credits=use.credits * 10**9) for use in january_uses()]
    write_page(report_page(month_facts(uses)), tmp_path / "page.html")
    page = opened(browser, tmp_path / "page.html")

    starts = page.locator(".chart .end").evaluate_all("all => all.map(text => text.getBBox().x)")

    assert len(starts) > 6
    assert min(starts) > 0


def test_a_long_name_does_not_lie_over_numbers(browser: Browser, tmp_path: Path) -> None:
    uses = [replace(use, model="m" * 120) for use in january_uses()]
    write_page(report_page(month_facts(uses)), tmp_path / "page.html")
    page = opened(browser, tmp_path / "page.html")

    cut = "all => all.filter(one => one.clientWidth && one.scrollWidth > one.clientWidth).length"

    assert page.locator("td, .legend").evaluate_all(cut) == 0


def test_on_paper_everything_is_light_and_open_and_within_the_page(browser: Browser, page_file: Path) -> None:
    page = opened(browser, page_file, scheme="dark", width=700)  # what A4 leaves between its margins
    page.emulate_media(media="print")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.get_by_role("cell", name="1,208.892120").first.is_visible()
    assert not page.get_by_role("navigation").is_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


def test_a_narrow_screen_scrolls_tables_and_not_the_page(browser: Browser, page_file: Path) -> None:
    page = opened(browser, page_file, width=380)

    assert page.evaluate("document.documentElement.scrollWidth") <= 380


def test_hostile_names_are_shown_and_do_nothing(browser: Browser, tmp_path: Path) -> None:
    write_page(report_page(hostile_facts()), tmp_path / "page.html")
    alerts: list[str] = []
    page = browser.new_page()
    page.on("dialog", lambda dialog: alerts.append(dialog.message))
    page.goto((tmp_path / "page.html").as_uri())

    assert alerts == []
    assert page.locator("script, img, [onerror]").count() == 0
    assert page.get_by_text("<script>alert(1)</script>").count() > 10
    assert page.locator("thead th", has_text="{{m^2}}").count() == 5


def test_a_name_is_shown_as_it_is_in_every_table(browser: Browser, tmp_path: Path) -> None:
    name = "R&D <eu>"
    uses = [replace(use, tenant=name, user=name, model=name) for use in january_uses()]
    write_page(report_page(month_facts(uses)), tmp_path / "page.html")
    page = opened(browser, tmp_path / "page.html")

    assert page.locator("tbody th", has_text="R&D <eu>").count() > 3
    assert page.locator("th, td", has_text="&amp;").count() == page.locator("th, td", has_text="&lt;").count() == 0


def test_a_page_stays_small_however_much_there_is() -> None:
    assert len(report_page(hostile_facts(count=4)).encode()) < 400_000
    assert len(report_page(month_facts()).encode()) < 200_000


def test_a_month_divided_by_nothing_is_its_numbers_in_one_row() -> None:
    page = report_page(month_facts(by=(), groups=()))
    bill = page[page.index("<caption>Credits</caption>") :]

    assert re.findall(r"<td[^>]*>([^<]*)</td>", bill)[:5] == [
        *("6,346", "5,152,952", "1,694,382", "23,647.823513", "21,992.47586709")
    ]


def test_what_is_cut_is_said() -> None:
    one_more = groups_table(month_facts()).shortened(19).more

    assert "more rows are in the other forms of this report; the total counts them." in report_page(hostile_facts())
    assert one_more == "1 more row is in the other forms of this report; the total counts it."


def test_the_same_facts_give_the_same_page_to_the_byte() -> None:
    kept = MonthFacts.model_validate_json(month_facts().model_dump_json())

    assert report_page(kept) == report_page(month_facts())


@pytest.mark.parametrize("make", [report_page, report_fragment])
@pytest.mark.parametrize("facts", [month_facts(), quiet_facts(), hostile_facts()], ids=["full", "quiet", "hostile"])
def test_every_element_is_closed_in_its_turn(facts: MonthFacts, make: object) -> None:
    assert callable(make)
    parser = _Balance()
    parser.feed(make(facts))

    assert parser.open == []
    assert parser.faults == []


class _Balance(HTMLParser):
    """Says which elements were not closed, or closed out of turn, and which ids stand twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self._ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open += [] if tag in VOID else [tag]
        given = dict(attrs).get("id")
        self.faults += [f"id {given} twice"] if given in self._ids else []
        self._ids |= {given} if given else set()

    def handle_endtag(self, tag: str) -> None:
        self.faults += [] if self.open and self.open[-1] == tag else [tag]
        self.open = self.open[:-1]


@pytest.mark.parametrize("facts", [month_facts(), quiet_facts(), hostile_facts()], ids=["full", "quiet", "hostile"])
def test_a_notebook_gets_a_part_without_style_sheet_drawing_or_script(facts: MonthFacts) -> None:
    page = read(report_fragment(facts))

    assert page.tags <= {"div", "b", "table", "thead", "tbody", "tr", "th", "td", "img", "span", "details", "summary"}
    assert page.attributes <= {"style", "src", "alt"}
    assert "exactly" in page.text


def test_a_notebook_shows_numbers_days_and_the_dearest_groups(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(report_fragment(month_facts()))
    days = page.get_by_role("img", name="A bar for each day, in parts by model. The highest is that of 2026-01-19.")
    page.get_by_text("The same in numbers").click()

    assert days.evaluate("picture => [picture.complete, picture.naturalWidth]") == [True, 760]
    assert page.get_by_role("cell", name="23,647.82", exact=True).is_visible()
    assert page.get_by_role("row", name="2026-01-19 1,208.892120").is_visible()
    assert page.get_by_text("10 more rows are in the other forms of this report").is_visible()


def test_each_bar_in_a_notebook_is_as_high_as_its_credits_but_for_a_gap_of_one() -> None:
    """Of the dearest model, on two days: the heights are in the ratio of the numbers."""
    dearest, *_ = re.findall(' d="([^"]*)', bare_bars(daily_stack(month_facts())))
    heights = [float(low) - float(high) + 1 for low, high in re.findall(r"M\S+ ([\d.]+)h[\d.]+V([\d.]+)", dearest)]

    assert len(heights) == 31
    assert heights[14] / heights[0] == pytest.approx(558.4857 / 370.6415, rel=0.01)


def test_a_notebook_says_what_no_bar_shows() -> None:
    late = replace(january_uses()[0], day=date(2025, 12, 30), credits=Decimal("12.345"))

    assert "12.34 credits more are corrections" in report_fragment(month_facts([*january_uses(), late]))


@pytest.mark.parametrize("paper", ["#ffffff", "#111111", "#1e1e1e", "#383838"])
@pytest.mark.parametrize("colour", MIDDLE_TONES)
def test_colours_of_a_picture_in_a_notebook_stand_out_from_each_notebooks_paper(colour: str, paper: str) -> None:
    assert contrast(colour, paper) >= 3.0


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("colour", "least"),
    [("ink", 7.0), ("quiet", 4.5), ("link", 4.5), ("warn", 3.0), *((f"s{number}", 3.0) for number in range(6))],
)
def test_colours_stand_out_from_the_paper(colour: str, least: float, shade: int) -> None:
    assert contrast(_colours()[colour][shade], _colours()["paper"][shade]) >= least


def _colours() -> dict[str, tuple[str, str]]:
    style = files("aijobs_sdk.usage.showing").joinpath("page.css").read_text("utf-8")
    return {name: (light, dark) for name, light, dark in re.findall(r"--(\w+): light-dark\((#\w+), (#\w+)\)", style)}


def test_a_page_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()

    with pytest.raises(InvalidRequestError, match=r"cannot be written to .*page\.html"):
        write_page("x", tmp_path / "page.html")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_credits_below_nothing_are_drawn_as_nothing() -> None:
    reversed_use = Use("acme", "u", "gpt-5.2", january_uses()[0].day, -1, Decimal(-5))

    assert 'class="s0"' not in report_page(month_facts([reversed_use])).split('class="legend"')[0]
