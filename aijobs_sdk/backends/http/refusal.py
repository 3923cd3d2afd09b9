"""What an answer that is none means: whether to ask again, when, and which error it is in the end."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import httpx

from aijobs_sdk.backends.http.address import shown_address
from aijobs_sdk.backends.http.answers import Object, read_object
from aijobs_sdk.backends.http.question import Question
from aijobs_sdk.contract.errors import (
    CLIENT_CLOSED,
    AdmissionError,
    AIJobsError,
    RequestTooLargeError,
    ServerUnavailableError,
    StoreUnavailableError,
    UnreadableRecordError,
)
from aijobs_sdk.contract.problem import error_of
from aijobs_sdk.providers.retry_after import retry_after_seconds

_PASSING = frozenset({429, 500, 502, 503, 504})
SOON_SECONDS = 1.0
"""When to come back where it is not said."""
_TOO_LARGE = 413
_TOO_MUCH = 429
_PAGE = "html"
_NO_ROUTE = frozenset({404, 405, 501})


class TryAgain(Exception):  # noqa: N818 - it is caught where it is known what to do, and never leaves this room
    """An attempt came to nothing, and another may come to something."""

    def __init__(
        self,
        reason: str,
        *,
        outcome: AIJobsError | None = None,
        retry_after_seconds: float | None = None,
        may_be_done: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.outcome = outcome
        """What is raised when nobody tries again; None: that the server cannot be used."""
        self.retry_after_seconds = retry_after_seconds
        self.may_be_done = may_be_done
        """Whether what was asked for may have been done all the same."""


class NoServerOfOursError(ServerUnavailableError):
    """Something answers there, and not as a server of this API does that can be trusted."""


class NoSuchRouteError(NoServerOfOursError):
    """There is a server, which knows nothing of what it is asked."""


def of_another_job() -> TryAgain:
    """Return what is raised where an answer is about another job than was asked for, such as a cache's."""
    return TryAgain("its answer was about another job")


def closed(server: str) -> AIJobsError:
    """Return the error of whoever still asks or listens when the client has been closed."""
    return AIJobsError(
        f"The client of {server} was closed while something was under way. Jobs go on there: ask again.",
        code=CLIENT_CLOSED,
    )


def raise_refusal(response: httpx.Response, body: bytes, question: Question, server: str) -> None:
    """Raise what an answer means that cannot be used; the body of one with a good status is not looked at.

    Raises:
        TryAgain: it may pass.
        AIJobsError: it will not.
    """
    if response.is_success:
        media_type = response.headers.get("content-type", "").lower()
        if _PAGE in media_type:
            raise NoServerOfOursError(
                f"{server} answered with a page for a browser: it may be the login of a network or a proxy. Log in "
                "there, or check that the address is that of `aijobs serve`, with its path if it has one."
            )
        if question.media_type is None or question.media_type in media_type:
            return
        raise TryAgain(f"its answer was not {question.media_type}")
    status = response.status_code
    error = _error(response, body, server)
    # A refusal to store is an outcome, as it is where jobs run in this process; other limits are waited for.
    is_outcome = isinstance(error, AdmissionError) and question.idempotency_key is not None
    if status not in _PASSING or is_outcome or isinstance(error, UnreadableRecordError):
        raise error
    raise TryAgain(
        f"it answered {status}",
        outcome=error if isinstance(error, AdmissionError | StoreUnavailableError) else None,
        retry_after_seconds=_pause_asked_for(response, error),
        may_be_done=status != _TOO_MUCH,
    )


def _error(response: httpx.Response, body: bytes, server: str) -> AIJobsError:
    status = response.status_code
    problem = _problem(body)
    code = problem.get("code")
    if code not in (None, "not_found") and isinstance(problem.get("detail"), str):
        error = error_of(status, problem)
        if isinstance(error, AdmissionError):  # each of them says when to come back, and the document may not
            error.retry_after_seconds = _pause_asked_for(response, error) or SOON_SECONDS
        return error
    if status == _TOO_LARGE:  # says a proxy, too, which may take less than the server behind it
        return RequestTooLargeError(
            f"{server} answered {status}: it takes no request as large as this. Send less at once."
        )
    kind = NoSuchRouteError if status in _NO_ROUTE else NoServerOfOursError
    return kind(
        f"{server} answered {status}, and not in the words of this API{_elsewhere(response, server)}. Check that the "
        "address is that of `aijobs serve`, with its path if it has one."
    )


def _problem(body: bytes) -> Object:
    try:
        return read_object(body)
    except ValueError:
        return {}


def _elsewhere(response: httpx.Response, server: str) -> str:
    """Return where a redirect leads, by scheme, host and port alone, and what to make of that."""
    if not response.is_redirect:
        return ""
    match _place(response.headers.get("location", ""), server):
        case place if place in {"", server}:
            return ": it leads to another path, where the key was not taken"
        case place if server.startswith("https:") and not place.startswith("https:"):
            return f": it leads to {place}, where the key could be read on the way, and was not taken"
        case place:
            return f": it leads to {place}, where the key was not taken; if that is your server, give its address"


def _place(location: str, server: str) -> str:
    try:
        return shown_address(urlsplit(urljoin(server, location)))
    except ValueError:
        return ""


def _pause_asked_for(response: httpx.Response, error: AIJobsError) -> float | None:
    said = retry_after_seconds(response.headers)
    return getattr(error, "retry_after_seconds", None) if said is None else said
