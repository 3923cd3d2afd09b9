"""What a model finds in a block: the form it has to answer in, and how that is read."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ValidationError

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.results import Finding
from aijobs_sdk.jobtypes.generation.writing import Answer
from aijobs_sdk.jobtypes.markdown.sanitise import sanitise
from aijobs_sdk.providers.failures import INVALID_OUTPUT, Failure


class _Finding(BaseModel):
    kind: Literal["unsupported", "inaccurate", "unclear", "incomplete", "off_goal", "style"]
    severity: Literal["low", "medium", "high"]
    message: str
    quote: str | None = None


class _Findings(BaseModel):
    findings: list[_Finding]


SCHEMA = _Findings.model_json_schema()
"""The JSON schema that the answer has to fit."""
_CUT = Failure(
    code="answer_cut",
    category=ErrorCategory.VALIDATION,
    happened="used up the longest answer before its list of findings was whole",
    reason="`max_tokens` or `max_credits` leave too little",
    advice="Allow more.",
    retryable=False,
)


def findings_in(answer: Answer) -> tuple[Finding, ...]:
    """Return what the answer lists, safe to show.

    Raises:
        ProviderError: the list was cut off, or is none.
    """
    if answer.output is None:
        raise _CUT.error(answer.model.provider)
    try:
        found = _Findings.model_validate(answer.output).findings
    except ValidationError:
        raise INVALID_OUTPUT.error(answer.model.provider) from None  # its text shows the values
    return tuple(_safe(one) for one in found)


def _safe(found: _Finding) -> Finding:
    return Finding(
        kind=found.kind,
        severity=found.severity,
        message=sanitise(found.message),
        quote=sanitise(found.quote) if found.quote else None,
    )
