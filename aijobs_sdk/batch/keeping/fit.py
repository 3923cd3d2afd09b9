"""An answer as an object of the caller's class, whose validators are the caller's own code."""

from __future__ import annotations

import json

from pydantic import BaseModel, JsonValue

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo


def fit(output: JsonValue, model: type[BaseModel]) -> BaseModel:
    """Return an answer as an object of this class, read as JSON: a strict one takes dates from that.

    Raises:
        ValidationError: it does not fit.
        Exception: whatever else a validator of the caller's raises.
    """
    return model.model_validate_json(json.dumps(output))


def broken(error: Exception, *, provider: str | None) -> ErrorInfo:
    """Return the failure of a row over whose answer the caller's class raised this."""
    message = (
        f"`output_model` raised {type(error).__name__} over the answer. `content` is what came. With a mended class of "
        "the same schema the same call pays for nothing."
    )
    return ErrorInfo(code="invalid_output", category=ErrorCategory.VALIDATION, message=message, provider=provider)
