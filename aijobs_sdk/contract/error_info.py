"""Why something went wrong, as facts that can be stored, sent and shown."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, JsonValue

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.showing import folded, heading, known_facts
from aijobs_sdk.contract.word import Word
from aijobs_sdk.markup import Markup, element, markup


class ErrorCategory(Word):
    """What kind of thing went wrong: reports group by it."""

    VALIDATION = "validation"
    AUTHENTICATION = "authentication"
    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    PROVIDER = "provider"
    CONTENT_FILTER = "content_filter"
    QUOTA = "quota"
    CANCELLED = "cancelled"
    DEPENDENCY = "dependency"
    INTERNAL = "internal"


class ErrorInfo(Fact):
    """Why an attempt or a job ended badly, in a form that can be stored, sent and shown."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Stable and snake case: programs branch on it."""
    category: ErrorCategory
    message: str
    """Safe to show: holds no key, no prompt and no stack."""
    retryable: bool = False
    attempt: int | None = None
    provider: str | None = None
    region: str | None = None
    """Where the provider was asked, as in its route: `eu-west-2`."""
    details: Mapping[str, JsonValue] = Field(default_factory=dict)

    def _repr_html_(self) -> str:
        return shown_error(self)


class FieldProblem(Fact):
    """One field of a request that cannot be used."""

    field: str
    """A dotted path: `payload.prompt`, `rows[36].text`."""
    problem: str
    """What was expected, and the shape (never the value) of what came."""


def shown_error(error: ErrorInfo) -> Markup:
    """Return what a page shows of an error."""
    return markup(heading(element("code", error.code)), element("div", error.message), shown_beside(error))


def shown_beside(error: ErrorInfo) -> Markup:
    """Return what a page shows of an error beside its message: what kind it is, and where it came from."""
    where = {
        "category": error.category,
        "provider": error.provider,
        "region": error.region,
        "attempt": error.attempt,
        "retryable": error.retryable,
    }
    return markup(known_facts(where), folded("details", error.details))
