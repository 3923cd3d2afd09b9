"""Asks a server until it answers, or until there is no time left to ask."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import httpx

from aijobs_sdk.backends.http.backoff import Backoff, Chance
from aijobs_sdk.backends.http.body import body_of, opened
from aijobs_sdk.backends.http.limits import HttpLimits
from aijobs_sdk.backends.http.parting import Parting
from aijobs_sdk.backends.http.question import Question
from aijobs_sdk.backends.http.refusal import NoServerOfOursError, TryAgain, closed, raise_refusal
from aijobs_sdk.backends.http.spans import CallSpan, Spans
from aijobs_sdk.backends.http.telling import Telling
from aijobs_sdk.backends.http.under_way import UnderWay
from aijobs_sdk.contract.errors import AIJobsError, RequestTooLargeError, ServerUnavailableError

T = TypeVar("T")


class _Attempt(NamedTuple):
    question: Question
    number: int
    """Counted from 1."""
    span: CallSpan


class Calls:
    """Sends questions over one pool; every one of them may be sent again, as what it asks for is done once."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        server: str,
        *,
        limits: HttpLimits,
        telling: Telling,
        spans: Spans,
        chance: Chance,
        find_proxy: Callable[[], str | None],
    ) -> None:
        self._client = client
        self.server = server
        """Its address, as errors may show it."""
        self.was_answered = False
        """Whether a server of this API has answered: what answers in its place later is there for a while only."""
        self._limits = limits
        self._telling = telling
        self._spans = spans
        self._chance = chance
        self._find_proxy = find_proxy
        self._turns = asyncio.Semaphore(limits.max_calls)  # the pool's own queue is slow where it is long
        self._under_way = UnderWay(server)
        self._parting = Parting()

    async def ask(self, question: Question, read: Callable[[bytes], T], *, retry_seconds: float | None = None) -> T:
        """Return what `read` makes of the answer; a body that it cannot read (ValueError) is asked for again.

        It is tried for `retry_seconds`, or for as long as the limits say.

        Raises:
            AIJobsError: the outcome that the server reports.
            ServerUnavailableError: it did not answer while there was time.
        """
        async with self._under_way.one_more():
            answer = await self._ask(question, read, retry_seconds=retry_seconds)
        self.was_answered = True
        return answer

    async def aclose(self) -> None:
        """End the calls that are under way, and let whoever waits for their answers know."""
        await self._under_way.end_all()
        await self._parting.aclose()

    async def _ask(self, question: Question, read: Callable[[bytes], T], *, retry_seconds: float | None) -> T:
        began = asyncio.get_running_loop().time()
        give_up_at = began + (self._limits.retry_seconds if retry_seconds is None else retry_seconds)
        backoff = Backoff(self._chance)
        number, may_be_done = 0, False
        with self._spans.span(question) as span:
            while True:
                number += 1
                attempt = _Attempt(question, number, span)
                try:
                    return _read(await self._answer(attempt), read)
                except TryAgain as failed:
                    may_be_done = may_be_done or failed.may_be_done
                    await self._pause(attempt, failed, backoff.next_seconds(), began, give_up_at)
                except AIJobsError as error:
                    if question.done_if is None or not (may_be_done and isinstance(error, question.done_if)):
                        raise
                    return read(b"")

    async def _answer(self, attempt: _Attempt) -> bytes:
        async with self._turns:
            try:
                response, body = await self._send(attempt)
            except httpx.TransportError as error:
                raise self._meaning_of(error) from error
            except httpx.DecodingError as error:
                raise TryAgain("its answer could not be unpacked") from error
            except httpx.InvalidURL:  # its text may show what is asked for
                raise RequestTooLargeError(
                    f"{self.server} was not asked: a name or a filter is longer than an address may be. Shorten it."
                ) from None
        raise_refusal(response, body, attempt.question, self.server)
        return body

    async def _send(self, attempt: _Attempt) -> tuple[httpx.Response, bytes]:
        if self._client.is_closed:
            raise closed(self.server)
        question, number, span = attempt
        now = asyncio.get_running_loop().time
        began = now()
        self._telling.sent(question, number)
        response, body = await self._parting.wait_for(self._exchange(question))
        self._telling.answered(question, number, response, now() - began)
        span.answered(response.status_code, number)
        return response, body

    async def _exchange(self, question: Question) -> tuple[httpx.Response, bytes]:
        request = self._client.build_request(
            question.method,
            question.address,
            params=question.parameters,
            content=question.body,
            headers=question.headers,
        )
        async with opened(self._client, request) as response:
            return response, await body_of(response, server=self.server, most_bytes=self._limits.max_answer_bytes)

    def _meaning_of(self, error: httpx.TransportError) -> TryAgain | NoServerOfOursError:
        if _is_about_a_certificate(error):
            return NoServerOfOursError(
                f"{self.server} shows a certificate that is not trusted here, so it was not asked. "
                "Check the address, or make its authority known (SSL_CERT_FILE)."
            )
        was_sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        is_of_the_way = not was_sent or isinstance(error, httpx.ProxyError)
        return TryAgain(reason_of(error) + (self._by_which_way() if is_of_the_way else ""), may_be_done=was_sent)

    def _by_which_way(self) -> str:
        proxy = self._find_proxy()
        if proxy is None:
            return ""
        return f" (over the proxy {proxy}, named by HTTPS_PROXY, HTTP_PROXY or ALL_PROXY; NO_PROXY leaves hosts out)"

    async def _pause(
        self, attempt: _Attempt, failed: TryAgain, jitter_seconds: float, began: float, give_up_at: float
    ) -> None:
        """Wait until it is time for the next attempt, or raise what the last one came to."""
        seconds = jitter_seconds + (failed.retry_after_seconds or 0.0)
        now = asyncio.get_running_loop().time()
        if now + seconds > give_up_at:
            raise failed.outcome or self._unavailable(attempt, failed, now - began) from failed.__cause__
        self._telling.will_retry(attempt.question, attempt.number, failed.reason, seconds)
        await asyncio.sleep(seconds)

    def _unavailable(self, attempt: _Attempt, failed: TryAgain, elapsed: float) -> ServerUnavailableError:
        times = "once" if attempt.number == 1 else f"{attempt.number} times in {elapsed:.0f} s"
        wait = failed.retry_after_seconds
        later = "" if wait is None else f", and asks for a pause of {wait:.0f} s"
        return ServerUnavailableError(
            f"{self.server} could not be used: it was asked {times}, and at last {failed.reason}{later}. Check the "
            "address, and that a server runs there (`aijobs serve`). Jobs that it has taken go on."
        )


def _read(body: bytes, read: Callable[[bytes], T]) -> T:
    try:
        return read(body)
    except ValueError:  # its text may show what came
        raise TryAgain("its answer could not be read") from None


def reason_of(error: httpx.TransportError) -> str:
    """Return what went wrong on the way, without an address."""
    match error:
        case httpx.ConnectTimeout():
            return "no connection came about in time"
        case httpx.ConnectError():
            return "no connection could be made"
        case httpx.TimeoutException():
            return "nothing came for too long"
        case httpx.ProxyError():
            return "the proxy refused"
        case _:
            return "the connection broke"


def _is_about_a_certificate(error: BaseException | None) -> bool:
    if error is None:
        return False
    return isinstance(error, ssl.SSLCertVerificationError) or _is_about_a_certificate(
        error.__cause__ or error.__context__
    )
