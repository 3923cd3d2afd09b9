"""Hostile answers run nothing once they are sanitised, however they are shown, and innocent ones still mean the same.

The browser stands in a trap: whatever a script could do to be noticed is noticed, no packet leaves the machine, and
everything in the page is clicked, hovered and focused. That the trap works is shown with the same answers as they came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from html.parser import HTMLParser
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, ConsoleMessage, Frame, Page, Request, Route

from aijobs_sdk.jobtypes.markdown.sanitise import sanitise
from jobtypes.answers import READERS, active_content, sanitised_in_pieces
from jobtypes.innocent_texts import MARKED_UP, NAMED, WRITTEN
from jobtypes.xss_vectors import HIDDEN_IN_CODE, VECTORS
from services.chromium import running_chromium

ALL_VECTORS: Final = {**VECTORS, **HIDDEN_IN_CODE}
ADDRESS: Final = "http://answers.test/"

HARMLESS_ELEMENTS: Final = frozenset({
    "a", "abbr", "acronym", "area", "article", "aside", "b", "bdi", "bdo", "blockquote", "br", "caption", "center",
    "cite", "code", "col", "colgroup", "data", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption",
    "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "i", "img", "ins", "kbd",
    "li", "map", "mark", "nav", "ol", "p", "pre", "q", "rp", "rt", "rtc", "ruby", "s", "samp", "small", "span",
    "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt",
    "u", "ul", "var", "wbr",
})  # fmt: skip
HARMLESS_ATTRIBUTES: Final = frozenset({
    "align", "alt", "char", "charoff", "class", "colspan", "datetime", "dir", "headers", "height", "href",
    "hreflang", "lang", "rel", "rowspan", "scope", "size", "span", "src", "start", "style", "summary", "title",
    "width",
})  # fmt: skip
URL_ATTRIBUTES: Final = frozenset({"href", "src"})
STYLE_OF_A_TABLE: Final = re.compile(r"text-align:(?:left|center|right)")
SCHEMES_OF_CODE: Final = frozenset({"javascript:", "vbscript:", "data:", "blob:", "filesystem:"})

# Runs in every frame before anything else there, and tells the test by the console, once of each kind. Not by one of
# Playwright's bindings: they call `eval`, which is a trap.
SIGNAL: Final = "tripped "
TRAP: Final = """(() => {
  const {debug} = console, told = new Set();
  const owner = () => {
    let frame = window;
    try { while (frame !== top && !frame.name.startsWith("answer ")) frame = frame.parent; } catch { return "" }
    return frame.name;
  };
  const tripped = what => { if (!told.has(what)) debug("SIGNAL" + JSON.stringify([owner(), what])); told.add(what); };
  const tells = name => function () { tripped(name); };
  const functions = ["alert", "confirm", "prompt", "print", "eval", "fetch", "open", "postMessage", "Function"];
  const classes = ["XMLHttpRequest", "WebSocket", "EventSource", "Worker", "SharedWorker", "RTCPeerConnection"];
  for (const name of [...functions, ...classes]) window[name] = tells(name);
  for (const name of ["setTimeout", "setInterval"]) {
    const original = window[name];
    window[name] = (what, ...rest) => typeof what === "function" ? original(what, ...rest) : tripped(name);
  }
  Navigator.prototype.sendBeacon = tells("sendBeacon");
  Document.prototype.write = Document.prototype.writeln = tells("write");
  // An ordinary link is a reader's own choice: it is let go of only here. One that runs code goes its way.
  addEventListener("click", event => {
    const {protocol} = event.target.closest("a[href], area[href]") ?? {};
    if (protocol && !["javascript:", "vbscript:", "data:"].includes(protocol)) event.preventDefault();
  }, true);
  const events = ("abort animationend animationiteration animationstart auxclick beforeinput beforetoggle begin blur " +
    "canplay change click close contextmenu copy cut dblclick drag dragend dragenter dragleave dragover dragstart " +
    "drop end error finish focus focusin focusout formdata hashchange input invalid keydown keypress keyup load " +
    "loadeddata loadstart mousedown mouseenter mouseleave mousemove mouseout mouseover mouseup pageshow paste play " +
    "pointerdown pointerenter pointermove pointerover pointerup repeat reset resize scroll select selectstart " +
    "slotchange start submit toggle touchstart transitionend wheel").split(" ");
  window.pokeEverything = () => {
    for (const element of document.querySelectorAll("body, body *")) {
      for (const event of events) element.dispatchEvent(new Event(event, {bubbles: true, cancelable: true}));
      HTMLElement.prototype.focus.call(element);
      element.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true, view: window}));
    }
    for (let index = 0; index < window.length; index++) {
      try { window[index].pokeEverything(); } catch { /* it belongs to another site by now */ }
    }
  };
})()""".replace("SIGNAL", SIGNAL)

SETTLED: Final = """new Promise(done =>
  requestAnimationFrame(() => requestAnimationFrame(() => requestIdleCallback(done))))"""

ELEMENTS: Final = """(() => {
  const inside = root => root ? [...root.querySelectorAll("*")].flatMap(element =>
    [element, ...inside(element.content), ...inside(element.shadowRoot)]) : [];
  const schemeOf = value => { try { return new URL(value, document.baseURI).protocol; } catch { return ""; } };
  return inside(document.body).filter(element => element.localName !== "main").map(element => ({
    name: (element.namespaceURI.endsWith("/xhtml") ? "" : element.namespaceURI + " ") + element.localName,
    attributes: [...element.attributes].map(({name, value}) => [name, value, schemeOf(value)]),
  }));
})()"""

PUT_IN: Final = """addEventListener("DOMContentLoaded", () => {
  for (const answer of %s) {
    const place = document.body.appendChild(document.createElement("main"));
    place.innerHTML = answer;
  }
})"""


class Verbatim(MarkdownIt):
    """Shows an answer as if it were HTML."""

    def render(self, src: str, env: Any = None) -> str:
        return src


class Way(NamedTuple):
    """How an answer comes to be seen."""

    render: Callable[[str], str]
    at_load: bool = False
    """In the document as it comes, where scripts run too; else by `innerHTML`, later."""
    vectors: Mapping[str, str] = ALL_VECTORS


def _careless_reader() -> MarkdownIt:
    reader = MarkdownIt("js-default", {"html": True})
    reader.validateLink = lambda url: True  # type: ignore[method-assign] # it takes any address,
    reader.normalizeLink = lambda url: url  # type: ignore[method-assign] # and as it is written
    return reader


def _markdown_ways() -> Iterator[tuple[str, Way]]:
    renders = {"commonmark": READERS[0].render, "tables": READERS[1].render, "careless": _careless_reader().render}
    if find_spec("mistune"):
        mistune = import_module("mistune")
        renders["mistune"] = mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])
    for name, render in renders.items():
        yield f"{name} at load", Way(render, at_load=True)
        yield f"{name} later", Way(render)


WAYS: Final = {**dict(_markdown_ways()), "no Markdown at all": Way(lambda text: text, vectors=VECTORS)}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
PAGE: Final = "<!doctype html><html lang=en><head><meta charset=utf-8><title>Answers</title>{head}</head><body>{body}"


def page_of(answers: Mapping[str, str], way: Way) -> str:
    """Return a document in which each of the answers has a place of its own."""
    shown = [way.render(text) for text in answers.values()]
    if way.at_load:
        return PAGE.format(head="", body="".join(f"<main>{html}</main>\n" for html in shown))
    script = PUT_IN % json.dumps(shown).replace("<", "\\u003c")
    return PAGE.format(head=f"<script>{script}</script>", body="")


def page_of_frames(answers: Mapping[str, str], way: Way) -> str:
    """Return a document in which each of the answers has a page of its own, so that none can swallow another."""
    pages = {name: escape(page_of({name: text}, way)) for name, text in answers.items()}
    frames = (f'<iframe name="answer {name}" srcdoc="{page}"></iframe>' for name, page in pages.items())
    return PAGE.format(head="", body="".join(frames))


class TrappedPage:
    """A document in a browser, after everything in it was tried."""

    def __init__(self, page: Page, document: str) -> None:
        self.tripped: list[tuple[str, str]] = []
        """In which frame of the page, "" for none, and by what."""
        self._document = document
        page.context.add_init_script(TRAP)
        page.context.route("**/*", self._answer)
        page.context.on("console", self._hear)
        page.context.on("weberror", lambda error: self.tripped.append(("", f"an error of its own: {error.error}")))
        page.context.on("page", lambda other: self.tripped.append(("", f"another window: {other.url}")))
        page.goto(ADDRESS)
        self._devtools = page.context.new_cdp_session(page)
        for step in (SETTLED, "pokeEverything()", SETTLED):
            self._look(step)

    @property
    def suspicious(self) -> set[str]:
        """What stands in the page that a harmless answer does not need."""
        return {fault for element in self._look(ELEMENTS) for fault in faults_of(**element)}

    @property
    def places(self) -> int:
        """How many answers stand in the page."""
        places: int = self._look("document.querySelectorAll('main').length")
        return places

    @property
    def tripped_in(self) -> set[str]:
        """The frames in which the trap was tripped."""
        return {frame for frame, _ in self.tripped if frame}

    def _look(self, expression: str) -> Any:
        """Return what it is worth in the page, without the page's `eval`, which is a trap."""
        options = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self._devtools.send("Runtime.evaluate", options)
        assert "exceptionDetails" not in answer
        return answer["result"].get("value")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.text.startswith(SIGNAL):
            frame, what = json.loads(message.text.removeprefix(SIGNAL))
            self.tripped.append((frame, what))

    def _answer(self, route: Route, request: Request) -> None:
        if request.url == ADDRESS:
            route.fulfill(body=self._document, content_type="text/html; charset=utf-8")
            return
        if request.resource_type != "image":  # a picture is Markdown
            self.tripped.append((_owner(request.frame), f"{request.resource_type} {request.url}"))
        route.abort()


def _owner(frame: Frame) -> str:
    """Return the name of the frame of an answer, also for a frame that the answer made."""
    return _owner(frame.parent_frame) if frame.parent_frame and not frame.name.startswith("answer ") else frame.name


def faults_of(*, name: str, attributes: list[tuple[str, str, str]]) -> Iterator[str]:
    """Yield what is wrong with an element; each of its attributes has its value, and the scheme if that is a URL."""
    if name not in HARMLESS_ELEMENTS:
        yield f"<{name}>"
    for attribute, value, scheme in attributes:
        if attribute not in HARMLESS_ATTRIBUTES:
            yield f"<{name} {attribute}>"
        if attribute in URL_ATTRIBUTES and scheme in SCHEMES_OF_CODE:
            yield f"<{name} {attribute}={value}>"
        if attribute == "style" and not STYLE_OF_A_TABLE.fullmatch(value):
            yield f"<{name} style={value}>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


def test_there_are_many_vectors() -> None:
    assert len(VECTORS) > 300
    assert len(HIDDEN_IN_CODE) > 10


@pytest.mark.parametrize("reader", READERS, ids=["commonmark", "tables"])
@pytest.mark.parametrize("text", ALL_VECTORS.values(), ids=ALL_VECTORS)
def test_a_parser_finds_nothing_active_in_the_markdown(text: str, reader: MarkdownIt) -> None:
    assert active_content(sanitise(text), reader) == []


@pytest.mark.parametrize("text", VECTORS.values(), ids=VECTORS)
def test_a_parser_finds_nothing_active_where_markdown_is_taken_for_html(text: str) -> None:
    assert active_content(sanitise(text), Verbatim()) == []


@pytest.mark.parametrize("unseen", [*"\ufeff\u00ad\u200b\u200d\u202e\u2060\u2066\u00a0\u2003\u2028\x01\x7f\t"])
@pytest.mark.parametrize(
    "link", ["[x]({}javascript:y)", "[x](java{}script:y)", "![x](<{}javascript:y>)", "[x]: {}data:y"]
)
def test_a_letter_that_a_reader_may_pass_over_hides_no_scheme(link: str, unseen: str) -> None:
    assert sanitise(link.format(unseen)).removesuffix(">)").removesuffix(")").endswith("#y")


@pytest.mark.parametrize("tag", ["script async", "style media", "iframe sandbox", "svg x", "object y z"])
def test_an_element_that_is_dropped_with_its_content_is_no_comparison(tag: str) -> None:
    assert sanitise(f"<{tag}>alert(1)</{tag.split(maxsplit=1)[0]}>Hello") == "Hello"


@pytest.mark.parametrize("size", range(1, 8))
def test_pieces_of_any_size_give_the_same(size: int) -> None:
    in_pieces = {
        name: sanitised_in_pieces([text[start : start + size] for start in range(0, len(text), size)])
        for name, text in ALL_VECTORS.items()
    }
    assert in_pieces == {name: sanitise(text) for name, text in ALL_VECTORS.items()}


@pytest.mark.timeout(600)  # the first test with a browser may install it
@every_way
def test_a_browser_runs_nothing_and_asks_for_nothing(page: Page, way: Way) -> None:
    safe = {name: sanitise(text) for name, text in way.vectors.items()}
    trapped = TrappedPage(page, page_of(safe, way))

    assert trapped.tripped == []
    assert trapped.suspicious == set()
    assert trapped.places == len(safe)  # none has swallowed another
    assert page.url == ADDRESS
    assert page.context.pages == [page]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("way", "least"), [("careless at load", 195), ("no Markdown at all", 135)])
def test_the_same_vectors_trip_the_trap_as_they_came(page: Page, way: str, least: int) -> None:
    trapped = TrappedPage(page, page_of_frames(VECTORS, WAYS[way]))

    assert len(trapped.tripped_in) >= least


class _Look(HTMLParser):
    """Collects what a reader sees of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.codes: list[str] = []
        self.places: list[tuple[str, str, str | None]] = []
        self._open_codes = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.places += [(tag, name, value) for name, value in attrs if name in {"href", "src", "alt", "title"}]
        if tag == "code":
            self._open_codes += 1
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open_codes -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open_codes:
            self.codes[-1] += data


class Seen(NamedTuple):
    """What a reader sees of a page."""

    text: str
    codes: list[str]
    places: list[tuple[str, str, str | None]]
    """Where the links and pictures are, and what they are called."""


def seen(markdown: str, preset: str, *, html: bool) -> Seen:
    """Return what a reader sees of `markdown`; without `html`, tags are shown as they are written."""
    look = _Look()
    look.feed(MarkdownIt(preset, {"html": html}).render(markdown))
    look.close()
    return Seen(look.text, look.codes, look.places)


every_preset = pytest.mark.parametrize("preset", ["commonmark", "js-default"])


def test_there_are_many_innocent_texts() -> None:
    assert len({**WRITTEN, **NAMED, **MARKED_UP}) > 100


@every_preset
@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_a_reader_sees_what_was_written(text: str, preset: str, html: bool) -> None:
    assert seen(sanitise(text), preset, html=html) == seen(text, preset, html=False)


@every_preset
@pytest.mark.parametrize("text", NAMED.values(), ids=NAMED)
def test_a_reader_who_knows_no_html_sees_the_tags_that_were_named(text: str, preset: str) -> None:
    assert seen(sanitise(text), preset, html=False) == seen(text, preset, html=False)


@every_preset
@pytest.mark.parametrize("text", MARKED_UP.values(), ids=MARKED_UP)
def test_harmless_html_means_the_same(text: str, preset: str) -> None:
    assert seen(sanitise(text), preset, html=True) == seen(text, preset, html=True)


@pytest.mark.parametrize("size", range(1, 8))
def test_innocent_texts_in_pieces_come_out_the_same(size: int) -> None:
    texts = {**WRITTEN, **NAMED, **MARKED_UP}
    in_pieces = {
        name: sanitised_in_pieces([text[start : start + size] for start in range(0, len(text), size)])
        for name, text in texts.items()
    }
    assert in_pieces == {name: sanitise(text) for name, text in texts.items()}
