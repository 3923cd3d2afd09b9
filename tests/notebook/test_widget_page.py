"""The panel in a real browser: for eyes, ears and keyboards, in light and in dark, and whatever it is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib.resources import files
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from aijobs_sdk.notebook.snapshot import Command, Phase, Tail
from aijobs_sdk.notebook.view import CauseLine, Labelled, View
from panels.contrast import contrast
from panels.panel_page import PanelPage
from panels.views import CAUSES, batch_view, job_view
from services.chromium import running_chromium

HOSTILE = "</script><img src=x onerror=alert(1)><b>bold</b>&lt;"
PAUSED = batch_view(phase=Phase.PAUSED, commands=(Command.RESUME, Command.CANCEL), note="Stopped at the budget.")
FAILED = job_view(phase=Phase.FAILED, error=CAUSES[0], commands=())
PAPER_OF_JUPYTERLAB = {"light": "#ffffff", "dark": "#212121"}
VIEWS = {"running": batch_view(), "paused": PAUSED, "failed": FAILED, "skipping": batch_view(skipped=400)}

pytestmark = pytest.mark.timeout(600)  # the first of these tests may install the browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_axe_finds_nothing_that_keeps_anyone_out(browser: Browser, view: View, theme: str) -> None:
    shown = PanelPage(browser, view, theme=theme)
    shown.page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    found = Axe().run(shown.page, context=".aijobs-panel").response

    assert found["violations"] == []
    assert len(found["passes"]) >= 10
    assert shown.errors == []


def test_a_bar_says_its_name_and_how_far_it_is(browser: Browser) -> None:
    bar = PanelPage(browser, batch_view()).page.get_by_role("progressbar", name="Progress of captions-v3")

    assert bar.get_attribute("aria-valuenow") == "31"
    assert bar.get_attribute("aria-valuetext") == batch_view().summary


def test_each_part_of_the_bar_is_as_wide_as_its_share(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(completed=2000, failed=1000, running=200, skipped=400))
    widths = "all => all.map(one => Math.round(1000 * one.offsetWidth / one.parentElement.offsetWidth))"

    assert shown.page.eval_on_selector_all(".bar span", widths) == pytest.approx([500, 250, 50, 100], abs=3)


def test_one_row_of_a_million_is_seen(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(total=1_000_000, completed=900_000, failed=1))

    assert float(shown.style(".bar .failed", "width").removesuffix("px")) >= 3


def test_whatever_is_sent_stays_text(browser: Browser) -> None:
    words: dict[str, Any] = {field.name: HOSTILE for field in fields(View) if field.type == "str"}
    bad = CauseLine(head=HOSTILE, rows=HOSTILE, message=HOSTILE)
    shown = PanelPage(browser, replace(batch_view(), **words, causes=(bad,), facts=(Labelled(HOSTILE, HOSTILE),)))

    assert shown.panel.locator("img, b, script").count() == 0
    assert shown.panel.get_by_text(HOSTILE).count() >= 10


def test_tab_and_enter_press_cancel(browser: Browser) -> None:
    shown = PanelPage(browser, job_view())
    shown.page.keyboard.press("Tab")
    shown.page.keyboard.press("Enter")

    assert shown.ask("said") == ["drawn", "cancel"]


def test_what_was_pressed_rests_and_can_be_pressed_again(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(), stops_the_clock=True)
    shown.button("Pause").dispatch_event("click")
    shown.button("Pause").dispatch_event("click")
    assert shown.ask("said") == ["drawn", "pause"]

    shown.hear()
    shown.page.clock.run_for(1600)
    shown.button("Pause").dispatch_event("click")
    assert shown.ask("said") == ["drawn", "pause", "pause"]


def test_what_was_pressed_is_said_again_until_it_is_heard(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(), stops_the_clock=True)
    shown.button("Pause").dispatch_event("click")
    press = shown.ask("press")
    shown.page.clock.run_for(600)
    assert shown.ask("said") == ["drawn", "pause", "pause"]
    assert shown.ask("press") == press

    shown.hear()
    shown.page.clock.run_for(60_000)
    assert shown.ask("said") == ["drawn", "pause", "pause"]


def test_two_presses_are_told_apart(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(), stops_the_clock=True)
    presses = set()
    for name in ("Pause", "Cancel"):
        shown.button(name).dispatch_event("click")
        presses.add(shown.ask("press"))

    assert len(presses) == 2


def test_only_the_last_press_is_said_again_and_not_for_ever(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(), stops_the_clock=True)
    shown.button("Pause").dispatch_event("click")
    shown.button("Cancel").dispatch_event("click")
    shown.page.clock.run_for(60_000)

    assert shown.ask("said") == ["drawn", "pause", *["cancel"] * 6]


def test_a_keyboard_stays_where_a_button_was(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view())
    shown.button("Pause").focus()
    shown.draw(PAUSED)

    assert shown.focused() == "Resume"


def test_a_keyboard_goes_to_a_neighbour_when_there_are_fewer_buttons(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view())
    shown.button("Retry failed").focus()
    shown.draw(batch_view(commands=(Command.PAUSE, Command.CANCEL)))

    assert shown.focused() == "Cancel"


def test_a_button_that_stays_keeps_the_focus(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view())
    shown.button("Cancel").focus()
    shown.draw(PAUSED)

    assert shown.focused() == "Cancel"


def test_without_buttons_the_panel_itself_has_the_focus(browser: Browser) -> None:
    shown = PanelPage(browser, job_view())
    shown.button("Cancel").focus()
    shown.draw(job_view(phase=Phase.CANCELLED, commands=()))

    assert shown.page.evaluate("document.activeElement.className").startswith("aijobs-panel")


def test_buttons_are_large_enough_for_a_finger(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view())
    boxes = [one.bounding_box() for one in shown.page.locator("button, summary").all()]

    assert min(min(box["width"], box["height"]) for box in boxes if box) >= 24


def test_what_is_open_stays_open(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view())
    shown.page.get_by_text("37 failed", exact=True).click()
    shown.draw(batch_view(failed=41))

    assert shown.page.get_by_text("openai answered 429.").is_visible()
    assert shown.page.get_by_text("41 failed", exact=True).is_visible()


def test_nothing_below_jumps_while_numbers_and_texts_change(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(tail=Tail(label="row 7", text="Short.")))
    before = shown.panel.bounding_box()
    shown.draw(
        batch_view(completed=3900, retries=3, tail=Tail(label="row 1,240", text="A long one. " * 90), note="Why.")
    )

    assert shown.panel.bounding_box() == before


def test_of_a_long_text_the_end_is_seen(browser: Browser) -> None:
    shown = PanelPage(browser, job_view(tail=Tail(label="answer", text="A line.\n" * 20 + "The last.")))
    window, text = (shown.page.locator(part).bounding_box() for part in (".window", ".text"))
    assert window
    assert text
    assert window["y"] > text["y"]
    assert window["y"] + window["height"] >= text["y"] + text["height"]


def test_ears_hear_one_sentence_in_five_seconds(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(), stops_the_clock=True)
    shown.put(batch_view(completed=1204))
    shown.page.clock.run_for(2000)
    shown.put(batch_view(completed=1300))
    shown.page.clock.run_for(2900)
    assert len(shown.ask("spoken")) == 1

    shown.page.clock.run_for(200)
    assert shown.ask("spoken")[1:] == [f"captions-v3: {batch_view(completed=1300).summary}"]


def test_ears_hear_at_once_that_it_paused(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(), stops_the_clock=True)
    shown.put(PAUSED)
    shown.page.clock.run_for(100)

    assert shown.ask("spoken")[1:] == [f"captions-v3: {PAUSED.summary}"]


def test_silences_grow_up_to_a_minute(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(), stops_the_clock=True)
    shown.page.evaluate("setInterval(() => window.put({...window.view, summary: String(performance.now())}), 100)")
    shown.page.clock.run_for(600_000)

    assert 10 <= len(shown.ask("spoken")) <= 14


def test_many_views_in_one_frame_are_drawn_once(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(), stops_the_clock=True)
    shown.page.evaluate("() => { for (let n = 0; n < 100; n++) window.put({...window.view, summary: `${n}`}) }")
    shown.page.clock.run_for(100)

    assert shown.ask("looks") == 2
    assert shown.page.get_by_role("progressbar").get_attribute("aria-valuetext") == "99"


def test_colours_follow_the_theme_at_once(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view())
    light = shown.style(".aijobs-panel", "backgroundColor")
    shown.switch_to("dark")

    assert (light, shown.style(".aijobs-panel", "backgroundColor")) == ("rgb(255, 255, 255)", "rgb(21, 24, 29)")


def test_without_a_notebooks_theme_the_system_decides(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view())
    shown.page.evaluate("() => { delete document.body.dataset.jpThemeLight }")
    shown.page.emulate_media(color_scheme="dark")

    assert shown.style(".aijobs-panel", "backgroundColor") == "rgb(21, 24, 29)"


def test_who_wants_no_motion_sees_none(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view())
    shown.page.emulate_media(reduced_motion="reduce")

    assert shown.style(".bar span", "transitionDuration") == "0s"


@pytest.mark.parametrize("lost", ["document.body.className = 'jupyter-widgets-disconnected'", "window.lose()"])
def test_without_a_kernel_nothing_is_called_live(browser: Browser, lost: str) -> None:
    shown = PanelPage(browser, batch_view())
    shown.page.evaluate(lost)
    said = "getComputedStyle(document.querySelector('.as-of'), '::after').content"

    assert shown.page.evaluate(said) == '" · not connected"'
    assert shown.page.evaluate(said.replace("as-of", "phase").replace("::after", "::before")) == '"was "'
    assert not shown.button("Pause").is_visible()
    assert not shown.panel.locator("[data-of=rate]").is_visible()


def test_styles_stay_inside(browser: Browser) -> None:
    style = files("aijobs_sdk.notebook.surfaces.widget").joinpath("panel.css").read_text("utf-8")
    selectors = re.findall(r"^([^\s/}@].*) \{", style, flags=re.MULTILINE)

    assert len(selectors) >= 4
    assert [one for one in selectors if ".aijobs-panel" not in one] == []


def test_a_panel_that_is_taken_away_hears_and_says_nothing_more(browser: Browser) -> None:
    shown = PanelPage(browser, batch_view(), stops_the_clock=True)
    shown.button("Pause").dispatch_event("click")
    shown.page.evaluate("window.cleanUp()")
    shown.put(PAUSED)
    shown.page.clock.run_for(60_000)

    assert shown.page.evaluate("window.listeners.size + window.hearers.size") == 0
    assert shown.ask("said") == ["drawn", "pause"]
    assert shown.ask("looks") == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", ["quiet", "good", "bad", "wait"])
def test_words_stand_out_from_the_notebooks_paper(colour: str, theme: str) -> None:
    assert contrast(colours_of(theme)[colour], PAPER_OF_JUPYTERLAB[theme]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", ["good", "bad", "busy"])
def test_parts_of_the_bar_stand_out_from_what_is_still_to_come(colour: str, theme: str) -> None:
    assert contrast(colours_of(theme)[colour], colours_of(theme)["track"]) >= 3.0


def colours_of(theme: str) -> dict[str, str]:
    style = files("aijobs_sdk.notebook.surfaces.widget").joinpath("panel.css").read_text("utf-8")
    pairs = re.findall(r"--(\w+): light-dark\((#\w+), (#\w+)\)", style)
    return {name: light if theme == "light" else dark for name, light, dark in pairs}
