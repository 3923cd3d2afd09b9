"""What OpenAI's errors mean, and those of its library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx2
import openai
from pydantic import JsonValue

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.providers.failures import (
    BROKEN_OFF,
    CONTEXT_TOO_LONG,
    FILTERED,
    MODEL_NOT_FOUND,
    QUOTA_EXHAUSTED,
    TIMED_OUT,
    UNREADABLE,
    Failure,
    as_told,
    is_name,
    status_failure,
)
from aijobs_sdk.providers.openai.allowances import allowances
from aijobs_sdk.providers.retry_after import retry_after_seconds
from aijobs_sdk.providers.transport import transport_failure

NAME = "openai"
_FAILURES: Mapping[str, Failure] = {
    "billing_hard_limit_reached": QUOTA_EXHAUSTED,
    "bio_policy": FILTERED,
    "content_filter": FILTERED,
    "content_policy_violation": FILTERED,
    "context_length_exceeded": CONTEXT_TOO_LONG,
    "credit_balance_exhausted": QUOTA_EXHAUSTED,
    "cyber_policy": FILTERED,
    "image_content_policy_violation": FILTERED,
    "insufficient_quota": QUOTA_EXHAUSTED,
    "misalignment_policy_violation": FILTERED,
    "model_not_found": MODEL_NOT_FOUND,
    "moderation_blocked": FILTERED,
    "rate_limit_exceeded": status_failure(429),
    "server_error": BROKEN_OFF,
    "vector_store_timeout": TIMED_OUT,
}
"""What OpenAI's error codes mean; where one is not listed, the status says it."""


def broken_off(code: JsonValue) -> Failure:
    """Return what one of OpenAI's error codes means in an answer that had begun well."""
    return _FAILURES.get(str(code), BROKEN_OFF)


@contextmanager
def translated() -> Iterator[None]:
    """Let nothing out but ProviderErrors. What OpenAI or pydantic say may quote a prompt, an answer or a key."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _refused(error) from None
    except (openai.APIConnectionError, httpx2.HTTPError, httpx2.StreamError) as error:
        raise (transport_failure(error) or UNREADABLE).error(NAME) from error
    except (openai.OpenAIError, ValueError):  # a body that is no JSON, or not that of an answer
        raise UNREADABLE.error(NAME) from None


def _refused(error: openai.APIStatusError) -> ProviderError:
    """Return what it means that OpenAI answered with a status from 300 on."""
    headers = error.response.headers
    failure = refusal(error.status_code, code=error.code, param=error.param, sent=error.request.headers)
    failure = as_told(failure, headers)
    wait = retry_after_seconds(headers) if failure.retryable else None
    return failure.replace(retry_after_seconds=wait).error(NAME, allowances(headers))


def refusal(status: int, *, code: JsonValue, param: JsonValue = None, sent: Mapping[str, str] | None = None) -> Failure:
    """Return what a status from 300 on means, with the code of the error and the parameter at fault.

    `sent` are the headers of the request, of which nothing is shown.
    """
    failure = _FAILURES.get(str(code)) or status_failure(status)
    named = [f"{what} {name}" for what, name in (("code", code), ("parameter", param)) if is_name(name, sent)]
    return failure.replace(happened=f"answered {status}", reason=", ".join([failure.reason, *named]))
