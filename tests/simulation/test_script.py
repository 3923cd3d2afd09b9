from __future__ import annotations

import pytest

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import InvalidRequestError, ProviderError
from aijobs_sdk.simulation.faults import FaultKind, named_fault
from aijobs_sdk.simulation.script import Fail, fail, ok


def error_of(status_or_kind: int | str, *, retry_after: float | None = None) -> ProviderError:
    step = fail(status_or_kind, retry_after=retry_after)
    assert isinstance(step, Fail)
    return step.fault.error("openai")


@pytest.mark.parametrize(
    ("status_or_kind", "code", "category", "retryable"),
    [
        (400, "bad_request", ErrorCategory.VALIDATION, False),
        (401, "invalid_api_key", ErrorCategory.AUTHENTICATION, False),
        (404, "bad_request", ErrorCategory.VALIDATION, False),
        (429, "rate_limited", ErrorCategory.RATE_LIMIT, True),
        (500, "provider_unavailable", ErrorCategory.PROVIDER, True),
        (503, "provider_unavailable", ErrorCategory.PROVIDER, True),
        (529, "provider_unavailable", ErrorCategory.PROVIDER, True),
        ("auth", "invalid_api_key", ErrorCategory.AUTHENTICATION, False),
        ("content_filter", "content_filtered", ErrorCategory.CONTENT_FILTER, False),
        ("context_too_long", "context_too_long", ErrorCategory.VALIDATION, False),
        ("overloaded", "provider_unavailable", ErrorCategory.PROVIDER, True),
        ("refusal", "refused", ErrorCategory.CONTENT_FILTER, False),
        ("quota_exhausted", "quota_exhausted", ErrorCategory.QUOTA, False),
        ("reset", "connection_reset", ErrorCategory.PROVIDER, True),
        ("timeout", "provider_timeout", ErrorCategory.TIMEOUT, True),
        ("truncate", "stream_truncated", ErrorCategory.PROVIDER, True),
    ],
)
def test_every_fault_has_its_code_and_says_whether_to_try_again(
    status_or_kind: int | str, code: str, category: ErrorCategory, retryable: bool
) -> None:
    error = error_of(status_or_kind)
    assert (error.code, error.category, error.retryable) == (code, category, retryable)


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_has_a_fault(kind: FaultKind) -> None:
    assert named_fault(kind).code


def test_a_message_says_what_happened_and_what_to_do() -> None:
    message = str(error_of(429, retry_after=20))
    assert message == "openai answered 429 (rate limit; retry after 20 s). Send fewer requests at a time."


def test_a_status_nobody_knows_is_named_by_its_number() -> None:
    assert str(error_of(599)) == "openai answered 599 (error). Try again later."


def test_what_the_provider_asks_to_wait_is_carried_by_the_error() -> None:
    assert error_of(429, retry_after=20).retry_after_seconds == 20


def test_an_exhausted_quota_does_not_say_when_to_try_again() -> None:
    assert error_of("quota_exhausted").retry_after_seconds is None


def test_an_unknown_kind_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidRequestError, match=r"Did you mean 'timeout'\?") as caught:
        fail("time-out")
    assert caught.value.code == "unknown_fault"


@pytest.mark.parametrize("status", [0, 200, 399, 600])
def test_a_status_that_is_no_error_is_refused(status: int) -> None:
    with pytest.raises(InvalidRequestError, match="from 400 to 599"):
        fail(status)


def test_a_step_times_two_is_the_step_twice() -> None:
    assert ok(tokens=5) * 2 == (ok(tokens=5), ok(tokens=5))


def test_a_text_that_would_never_be_finished_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="less than or equal to 1000000"):
        ok(tokens=10**12)


@pytest.mark.parametrize("wait", [1e300, 10**400, "9999999999h", "9" * 400 + "s", -1, float("nan")])
def test_a_wait_that_no_calendar_holds_is_refused(wait: float | str) -> None:
    with pytest.raises(InvalidRequestError, match="a hundred years at most"):
        fail(429, retry_after=wait)
