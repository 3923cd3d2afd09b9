"""What things show of themselves is the same in a notebook that is not trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser

from services.jupyter import JupyterServer
from services.open_notebook import Interface, OpenNotebook
from services.opening import opening

REPORT = """
    from aijobs_sdk.usage.monthly_report import MonthlyReport
    from usage.month_facts import month_facts
    MonthlyReport(**dict(month_facts()))
"""
RESULT = """
    import aijobs_sdk as aijobs
    with aijobs.mock(seed=7):
        result = aijobs.Client().submit("Write about rivers", model="gpt-5.2").result()
    result
"""
_PICTURES = "output => [...output.querySelectorAll('img')].map(picture => picture.naturalWidth)"

pytestmark = pytest.mark.timeout(600)  # the first of these tests may install the browser


class Twice(NamedTuple):
    """What was run in a notebook, and the same outputs in one that is not trusted."""

    outputs: list[list[dict[str, Any]]]
    trusted: OpenNotebook
    untrusted: OpenNotebook


@pytest.fixture(scope="module")
def twice(browser: Browser, jupyter: JupyterServer, interface: Interface) -> Iterator[Twice]:
    with opening(browser, jupyter, interface) as open_it:
        trusted = open_it(REPORT, RESULT)
        trusted.run(0)
        trusted.run(1)
        outputs = [cell["outputs"] for cell in trusted.save()["cells"]]
        yield Twice(outputs, trusted, open_it("", "", outputs=dict(enumerate(outputs))))


@pytest.mark.parametrize(("cell", "pictures"), [(0, [760]), (1, [])], ids=["report", "result"])
def test_a_sanitiser_takes_nothing_away(twice: Twice, cell: int, pictures: list[int]) -> None:
    shown = [one.output(cell).locator(".jp-RenderedHTML").inner_html() for one in (twice.trusted, twice.untrusted)]

    assert shown[0] == shown[1]
    assert twice.untrusted.output(cell).evaluate(_PICTURES) == pictures
    assert len(json.dumps(twice.outputs[cell][-1]["data"]["text/plain"])) < 1_000
