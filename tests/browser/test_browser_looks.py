"""For every reader, in every light, and with nobody else asked: checks 7 to 10 of the notebook's numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter
from playwright.sync_api import Browser

from aijobs_sdk.notebook.snapshot import Cause, Phase
from aijobs_sdk.notebook.static import to_html
from aijobs_sdk.notebook.words import worded
from panels.views import NOW, batch_snapshot
from services.jupyter import JupyterServer
from services.open_notebook import Interface, OpenNotebook, Theme
from services.opening import Open, notebook_of, opening

MOST_BYTES = 8_000
LEAST_PIXELS = 24
MOST_SECONDS_TO_FOLLOW = 1.0
HOSTILE = "</li></details><script>alert(1)</script><img src=x onerror=alert(1)>"

POSING = """
    from threading import Event
    from aijobs_sdk.notebook.show import show
    from panels.views import batch_snapshot

    class Posing:
        told = []
        heard = Event()
        def snapshot(self):
            return batch_snapshot()
        def steer(self, command):
            self.told.append(str(command))
            self.heard.set()

    posing = Posing()
    show(posing)
"""
BATCH = """
    import aijobs_sdk as aijobs
    with aijobs.mock(seed=7, clock="real") as sim:
        sim.on(prompt="*1*").do(aijobs.fail("content_filter"))
        batch = aijobs.Client().batch([f"Town {n}" for n in range(30)], prompt="Describe {text}.", model="gpt-5.2")
        batch.run()
    batch
"""

# As they are once a browser has read them: it may write an attribute another way.
_SAME = """([rendered, source]) => {
    const wanted = new DOMParser().parseFromString(source, 'text/html').body.firstElementChild;
    for (const one of [wanted, rendered].flatMap(root => [root, ...root.querySelectorAll('*')]))
        if (one.hasAttribute('style')) one.setAttribute('style', one.style.cssText);
    return [rendered.outerHTML, wanted.outerHTML];
}"""
_COLOURS = """[getComputedStyle(output.closest('.jp-Notebook')).backgroundColor,
    ...['.aijobs-panel', '.aijobs-panel button', '.aijobs-panel summary', '.aijobs-panel .completed']
        .map(one => getComputedStyle(output.querySelector(one)))
        .map(style => [style.color, style.backgroundColor])]"""

pytestmark = pytest.mark.timeout(600)  # the first of these tests may install the browser


@pytest.fixture(scope="module")
def lasting_panel(browser: Browser, jupyter: JupyterServer, interface: Interface) -> Iterator[OpenNotebook]:
    with opening(browser, jupyter, interface) as open_it:
        notebook = open_it(POSING, "import json; posing.heard.wait(60); print(json.dumps(posing.told))")
        notebook.run(0)
        notebook.output(0).get_by_text("37 failed", exact=True).click()
        notebook.output(0).get_by_text("openai answered 429.").wait_for()
        yield notebook


@pytest.fixture
def panel(lasting_panel: OpenNotebook) -> OpenNotebook:
    """A panel with failures below the first cell, where it is light."""
    lasting_panel.switch_to(Theme.LIGHT)
    return lasting_panel


def many_causes() -> tuple[Cause, ...]:
    return tuple(
        Cause(code=f"kind_{n}", count=50 - n, message=f"{n}{HOSTILE * 3}", examples=(n, n + 100)) for n in range(50)
    )


def test_what_lasts_comes_through_the_sanitiser_of_a_notebook_that_is_not_trusted(open_notebook: Open) -> None:
    snapshot = batch_snapshot(phase=Phase.FINISHED, total=10_000, completed=8725, failed=1275, causes=many_causes())
    source = to_html(worded(snapshot, None, now=NOW, most_causes=50))
    kept = {"output_type": "display_data", "data": {"text/html": source, "text/plain": ""}, "metadata": {}}
    notebook = open_notebook("", outputs={0: [kept]})
    shown = notebook.output(0).locator(".jp-RenderedHTML > *")

    rendered, wanted = notebook.page.evaluate(_SAME, [shown.element_handle(), source])

    assert rendered == wanted
    assert len(source.encode()) <= MOST_BYTES
    assert shown.locator("script, img").count() == 0
    assert HOSTILE[:20] in shown.inner_text()


@pytest.mark.parametrize("theme", list(Theme))
def test_axe_finds_nothing_that_keeps_anyone_out(panel: OpenNotebook, theme: Theme) -> None:
    panel.switch_to(theme)
    panel.page.wait_for_timeout(500)

    found = Axe().run(panel.page, context=".aijobs-panel", options={"resultTypes": ["violations"]}).response

    assert found["violations"] == []
    assert len(found["passes"]) >= 10


def test_it_can_be_cancelled_without_a_mouse(panel: OpenNotebook) -> None:
    panel.output(0).get_by_role("button", name="Pause").focus()
    panel.page.keyboard.press("Tab")
    panel.page.keyboard.press("Enter")
    assert json.loads(panel.run(1)) == ["cancel"]


def test_what_can_be_clicked_is_large_enough(panel: OpenNotebook) -> None:
    boxes = [one.bounding_box() for one in panel.output(0).locator("button, summary").all()]
    sides = [min(box["width"], box["height"]) for box in boxes if box]
    assert len(sides) == 4
    assert min(sides) >= LEAST_PIXELS


def test_the_colours_follow_a_theme_that_is_switched(panel: OpenNotebook) -> None:
    panel.watch(0, _COLOURS)
    panel.switch_to(Theme.DARK)
    panel.page.wait_for_timeout(1000)

    light, *_, dark = panel.seen()

    began = next(sight.at for sight in panel.seen() if sight.value[0] == dark.value[0])
    assert dark.at - began <= MOST_SECONDS_TO_FOLLOW
    assert all(before != after for before, after in zip(light.value, dark.value, strict=True))


def test_nobody_else_is_asked_for_anything(open_notebook: Open, browser: Browser, tmp_path: Path) -> None:
    notebook = open_notebook(BATCH, POSING)
    notebook.run(0)
    notebook.run(1)
    notebook.wait_for_text(0, "finished")
    notebook.output(1).get_by_role("button", name="Cancel").wait_for()
    saved, empty = json.dumps(notebook.save()), notebook_of([])

    assert notebook.other_hosts == []
    assert hosts_of(browser, tmp_path, saved) == hosts_of(browser, tmp_path, empty)


def hosts_of(browser: Browser, folder: Path, notebook: str) -> list[str]:
    """Return whoever a page of a notebook asks that is read without a network; the converter's own are among them."""
    exporter = HTMLExporter()  # type: ignore[no-untyped-call]
    page, _ = exporter.from_file(io.StringIO(notebook))
    (folder / "page.html").write_text(page)
    asked: list[str] = []
    context = browser.new_context(offline=True)
    context.on("request", lambda request: asked.append(request.url))
    opened = context.new_page()
    opened.goto((folder / "page.html").as_uri())
    opened.wait_for_timeout(1000)
    context.close()
    return sorted(url for url in set(asked) if not url.startswith(("file:", "data:", "blob:")))
