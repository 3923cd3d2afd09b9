"""Errors over the wire: what a server writes, a client reads back."""

from __future__ import annotations

from uuid import UUID

import pytest

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import (
    HTTP_STATUS,
    AdmissionError,
    AIJobsError,
    AuthenticationError,
    BatchHeldError,
    BatchNotFoundError,
    DeadLetterNotFoundError,
    IdempotencyConflictError,
    InvalidRequestError,
    JobNotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTooLargeError,
    ScheduleNotFoundError,
    ServerUnavailableError,
    StoreUnavailableError,
    SuggestionDecidedError,
    SuggestionNotFoundError,
    SuggestionOutdatedError,
    TooManyJobsError,
    TooManyStreamsError,
    UnreadableRecordError,
)
from aijobs_sdk.contract.problem import error_of, problem_of, status_of

JOB = UUID(int=7)
TRAVELLERS = [
    InvalidRequestError("No.", code="unknown_model", fields=[FieldProblem(field="payload.model", problem="is none")]),
    RequestTooLargeError("Too large."),
    AuthenticationError("No key."),
    PermissionDeniedError("write"),
    JobNotFoundError(JOB),
    ScheduleNotFoundError("nightly"),
    DeadLetterNotFoundError(JOB),
    SuggestionNotFoundError(JOB),
    SuggestionDecidedError(JOB, "rejected"),
    SuggestionOutdatedError(JOB, based_on=1, revision=2),
    BatchNotFoundError("summaries"),
    BatchHeldError("summaries", held_by="process 7 on here"),
    IdempotencyConflictError("order-7", JOB),
    TooManyJobsError(3, retry_after_seconds=2.5),
    TooManyStreamsError(3, retry_after_seconds=1),
    RateLimitedError("publish", retry_after_seconds=0.5),
    StoreUnavailableError("Away."),
    UnreadableRecordError(f"Job {JOB}", "its `payload` is no JSON", job_id=JOB),
    ServerUnavailableError("Away."),
]


@pytest.mark.parametrize("error", TRAVELLERS, ids=lambda error: type(error).__name__)
def test_an_error_arrives_as_it_was_sent(error: AIJobsError) -> None:
    arrived = error_of(status_of(error), problem_of(error))
    assert (type(arrived), str(arrived), arrived.code) == (type(error), str(error), error.code)
    assert vars(arrived) == vars(error)


def test_every_error_of_the_table_has_its_status() -> None:
    assert {kind: status_of(kind.__new__(kind)) for kind in HTTP_STATUS} == HTTP_STATUS


def test_an_error_of_no_table_is_the_servers_own() -> None:
    assert status_of(AIJobsError("Oh.")) == 500


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthenticationError), (404, AIJobsError), (422, InvalidRequestError), (429, AdmissionError)],
)
def test_a_code_of_a_newer_server_is_read_by_its_status(status: int, kind: type[AIJobsError]) -> None:
    error = error_of(status, {"code": "of_next_year", "detail": "Something new."})
    assert (type(error), error.code, str(error)) == (kind, "of_next_year", "Something new.")


def test_an_error_says_all_that_its_kind_always_says() -> None:
    assert error_of(422, {"code": "x", "detail": "No."}).fields == ()  # type: ignore[attr-defined]
    assert error_of(429, {"code": "x", "detail": "No."}).retry_after_seconds == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -5.0])
def test_a_pause_that_nobody_can_make_is_one_of_a_second(seconds: float) -> None:
    refused = error_of(429, {"code": "rate_limited", "detail": "No.", "retry_after_seconds": seconds})
    assert refused.retry_after_seconds == 1  # type: ignore[attr-defined]


def test_a_member_of_another_shape_is_left_out() -> None:
    error = error_of(404, {"code": "job_not_found", "detail": "No.", "job_id": "seven"})
    assert (type(error), vars(error)) == (JobNotFoundError, {"message": "No."})


@pytest.mark.parametrize("body", [{}, {"detail": "Not Found"}, {"code": 7, "detail": "No."}])
def test_what_is_no_problem_document_is_no_answer_of_ours(body: dict[str, str | int]) -> None:
    assert isinstance(error_of(404, body), ServerUnavailableError)
