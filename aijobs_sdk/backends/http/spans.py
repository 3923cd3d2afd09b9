"""One OpenTelemetry span for each call, however many attempts it takes; none where nobody asked for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from aijobs_sdk.backends.http.question import Question
from aijobs_sdk.contract.errors import AIJobsError, ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.trace import Span, TracerProvider


class CallSpan(Protocol):
    """What is noted about a call while it is made."""

    def answered(self, status: int, attempt: int) -> None:
        """Note how an attempt was answered."""
        ...


class NoSpan:
    """Notes nothing."""

    def answered(self, status: int, attempt: int) -> None:
        """Do nothing."""


class OpenSpan:
    """A span that is under way."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def answered(self, status: int, attempt: int) -> None:
        """Note the last status, and how often the request was sent again."""
        self._span.set_attribute("http.response.status_code", status)
        if attempt > 1:
            self._span.set_attribute("http.request.resend_count", attempt - 1)


class Spans:
    """Opens a span for each call, at the provider given."""

    def __init__(self, provider: TracerProvider | None, server: str) -> None:
        self._server = server
        self._tracer = None
        if provider is None:
            return
        try:
            from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as missing:
            raise ConfigurationError("Spans need opentelemetry-api: pip install 'aijobs-sdk[otel]'.") from missing
        self._kind, self._failed = SpanKind.CLIENT, StatusCode.ERROR
        self._tracer = provider.get_tracer("aijobs")

    @contextmanager
    def span(self, question: Question) -> Iterator[CallSpan]:
        """Keep a span open around a call; an error that ends it is named by its code, without its text."""
        if self._tracer is None:
            yield NoSpan()
            return
        with self._tracer.start_as_current_span(
            f"{question.method} {question.path}",
            kind=self._kind,
            attributes=self._attributes(question),
            record_exception=False,  # with its text, and the stack
            set_status_on_exception=False,
        ) as span:
            try:
                yield OpenSpan(span)
            except AIJobsError as error:
                span.set_attribute("error.type", error.code)
                span.set_status(self._failed)
                raise

    def _attributes(self, question: Question) -> dict[str, str]:
        said = {
            "http.request.method": question.method,
            "url.template": question.path,
            "server.address": self._server,
            "gen_ai.request.model": question.model,
            "aijobs.job.id": None if question.job_id is None else str(question.job_id),
        }
        return {name: value for name, value in said.items() if value is not None}
