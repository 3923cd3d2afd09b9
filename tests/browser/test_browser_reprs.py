"""What things show of themselves is the same in a notebook that is not trusted."""

from __future__ import annotations

import json

import pytest

from services.opening import Open

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


@pytest.mark.parametrize(("cell", "pictures"), [(REPORT, [760]), (RESULT, [])], ids=["report", "result"])
def test_a_sanitiser_takes_nothing_away(open_notebook: Open, cell: str, pictures: list[int]) -> None:
    trusted = open_notebook(cell)
    trusted.run(0)
    outputs = trusted.save()["cells"][0]["outputs"]
    untrusted = open_notebook("", outputs={0: outputs})

    shown = [one.output(0).locator(".jp-RenderedHTML").inner_html() for one in (trusted, untrusted)]

    assert shown[0] == shown[1]
    assert untrusted.output(0).evaluate(_PICTURES) == pictures
    assert len(json.dumps(outputs[-1]["data"]["text/plain"])) < 1_000
