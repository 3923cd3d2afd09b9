"""What a notebook shows of anything is text where it was text, and comes through a sanitiser as it was made."""

from __future__ import annotations

import nh3
import pytest

from panels.exhibits import exhibits
from panels.pages import read

HOSTILE = """<script>alert(1)</script><img src=x onerror="alert(1)">'"--></pre></td></details>&lt;b&gt; alert(1)"""
NATIVE = {
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary", "div", "p", "pre", "code", "b", "br", "a"),
}
HARMLESS = {"style", "title", "href", "rel"}

KEPT_ATTRIBUTES = {"*": {"style", "title"}, "a": {"href"}, "details": {"open"}, "img": {"src", "alt", "width"}}
"""Of what JupyterLab's sanitiser leaves of an untrusted output, those that we use."""


@pytest.mark.parametrize("name", exhibits(""))
def test_hostile_text_stays_text(name: str) -> None:
    page = read(exhibits(HOSTILE)[name])

    assert page.tags <= NATIVE
    assert page.attributes <= HARMLESS


@pytest.mark.parametrize("name", exhibits(""))
def test_hostile_text_is_there_to_be_read(name: str) -> None:
    assert "alert(1)" in read(exhibits(HOSTILE)[name]).text


@pytest.mark.parametrize("name", exhibits(""))
def test_a_sanitiser_removes_nothing(name: str) -> None:
    made = exhibits("Rivers & <tides>")[name]

    kept = nh3.clean(
        made,
        tags=nh3.ALLOWED_TAGS,
        attributes=KEPT_ATTRIBUTES,
        url_schemes={"https", "data"},
        link_rel="nofollow",
    )

    assert read(kept) == read(made)
