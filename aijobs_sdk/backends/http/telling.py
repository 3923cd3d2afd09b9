"""Tells logs and hooks what goes over the wire, in words that hold no secret."""

from __future__ import annotations

import logging

import httpx

from aijobs_sdk.backends.http.hooks import HttpHooks, RequestSent, ResponseReceived, RetryPlanned
from aijobs_sdk.backends.http.question import Question

log = logging.getLogger("aijobs.http")


class Telling:
    """One voice for all that a session does."""

    def __init__(self, hooks: HttpHooks) -> None:
        self._hooks = hooks

    def sent(self, asked: Question, attempt: int) -> None:
        """Tell that an attempt begins."""
        for told in self._hooks.request:
            told(RequestSent(asked.method, asked.path, asked.job_id, attempt))

    def answered(self, asked: Question, attempt: int, response: httpx.Response, seconds: float) -> None:
        """Tell how an attempt was answered."""
        status, request_id = response.status_code, response.headers.get("x-request-id")
        log.debug("%s %s %d in %.0f ms, attempt %d", asked.method, asked.path, status, seconds * 1000, attempt)
        for told in self._hooks.response:
            told(ResponseReceived(asked.method, asked.path, asked.job_id, attempt, status, seconds, request_id))

    def will_retry(self, asked: Question, attempt: int, reason: str, seconds: float) -> None:
        """Tell that an attempt came to nothing, and when another follows."""
        log.warning("%s %s: %s; attempt %d in %.2f s", asked.method, asked.path, reason, attempt + 1, seconds)
        for told in self._hooks.retry:
            told(RetryPlanned(asked.method, asked.path, asked.job_id, attempt, reason, seconds))

    def broke(self, asked: Question, reason: str) -> None:
        """Tell that a stream of events ended before its time; it is opened again."""
        log.debug("%s %s: %s", asked.method, asked.path, reason)

    def is_deaf(self, reason: str) -> None:
        """Tell that jobs are looked at instead of listened to."""
        log.warning("no stream of events gets through, so jobs are looked at from time to time: %s", reason)
