"""What no store keeps is asked of none: a query or a name that holds it is refused by its field."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from aijobs_sdk.contract.batches import BatchRequest
from aijobs_sdk.contract.blocks import BlockRequest, DocumentConfiguration
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import JobQuery, JobRequest
from aijobs_sdk.contract.records import DeadLetterQuery
from aijobs_sdk.contract.schedule import ScheduleRequest

NOT_PLAIN = ["\x00", "a\x00b", "\ud800", "half \udfff"]


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_a_type_that_none_can_have_is_not_looked_for(text: str) -> None:
    with pytest.raises(ValidationError, match="no NUL"):
        JobQuery(type=text)


@pytest.mark.parametrize("text", NOT_PLAIN)
@pytest.mark.parametrize("field", ["type", "provider", "region"])
def test_no_dead_letter_is_looked_for_by_it(field: str, text: str) -> None:
    with pytest.raises(ValidationError, match=field):
        DeadLetterQuery(**{field: text})


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_no_schedule_is_called_so(text: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        ScheduleRequest(name=text, cron="0 3 * * *", job=JobRequest(type="test_job", payload={}))


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_no_document_goes_by_it(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="`prompt` must hold no NUL"):
        BlockRequest(prompt=text)
    with pytest.raises(InvalidRequestError, match="`model` must hold no NUL"):
        DocumentConfiguration(model=text)


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\r\nb", "\x1b[2J", "a\u2028b", "\x85", " a", "a "])
def test_what_is_not_on_one_line_is_no_name(text: str) -> None:
    with pytest.raises(ValidationError, match="must be on one line"):
        ScheduleRequest(name=text, cron="0 3 * * *", job=JobRequest(type="test_job", payload={}))
    with pytest.raises(ValidationError, match="must be on one line"):
        BatchRequest(name=text)


@pytest.mark.parametrize("name", [".", ".."])
def test_a_step_in_an_address_is_no_schedules_name(name: str) -> None:
    with pytest.raises(ValidationError, match="must not be"):
        ScheduleRequest(name=name, cron="0 3 * * *", job=JobRequest(type="test_job", payload={}))


@pytest.mark.parametrize("name", ["Überblick 7/2026", "...", "👩‍🚀", "a/../b"])
def test_every_name_on_a_line_will_do(name: str) -> None:
    assert ScheduleRequest(name=name, cron="0 3 * * *", job=JobRequest(type="test_job", payload={})).name == name
    assert BatchRequest(name=name).name == name


def test_every_other_text_will_do() -> None:
    assert JobQuery(type="größer 🦊\n").type == "größer 🦊\n"


def test_a_page_lies_within_what_every_store_counts() -> None:
    with pytest.raises(ValidationError, match="offset"):
        DeadLetterQuery(offset=10**30)
