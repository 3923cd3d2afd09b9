"""Somebody who submits jobs all the while, and insists: each has a key, and is sent again until there is an answer."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from random import Random
from uuid import UUID

import aijobs_sdk as aijobs
from aijobs_sdk.contract.job import JobRequest

_AT_ONCE = 10
_SENT_TWICE = 0.25
"""The share of submits whose answer counts as lost, so that the same is sent once more."""
_PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 60.0
_GENERATIONS, _FAILING_ONCE, _FAILING = 0.3, 0.05, 0.05
_LONGEST_JOB_SECONDS = 1.2
_MAX_ATTEMPTS = (1, 3, 3, 3)
"""Equally likely; a job that may be begun once fails with its worker."""


class Submitter:
    """Sends so many jobs, evenly over so many seconds."""

    def __init__(self, url: str, *, jobs: int, seconds: float, random: Random) -> None:
        self.answers: dict[str, set[UUID]] = defaultdict(set)
        """By idempotency key: every id that an answer named."""
        self.repeats = 0
        """Submits that were sent again: there was no answer, or we say that it was lost."""
        self._url = url
        self._jobs = jobs
        self._seconds = seconds
        self._random = random
        self._told_to_stop = threading.Event()

    def run(self) -> None:
        """Return when every job was accepted.

        Raises:
            StoreUnavailableError: there was no answer for a whole minute.
        """
        with aijobs.Client(self._url, concurrency=0) as client:
            requests = [self._request(client, number) for number in range(self._jobs)]
            start, pause = time.monotonic(), self._seconds / self._jobs
            for first in range(0, self._jobs, _AT_ONCE):
                if self._told_to_stop.wait(start + first * pause - time.monotonic()):
                    return
                self._submit(client, requests[first : first + _AT_ONCE])

    def stop(self) -> None:
        """Send nothing more."""
        self._told_to_stop.set()

    def _request(self, client: aijobs.Client, number: int) -> JobRequest:
        draw, key = self._random, f"torture-{number}"
        most = draw.choice(_MAX_ATTEMPTS)
        if draw.random() < _GENERATIONS:
            prompt = f"Describe river {number}"
            return client.request(prompt, model="gpt-5.2", idempotency_key=key, max_attempts=most)
        payload = {
            "echo": number,
            "seconds": round(draw.random() * _LONGEST_JOB_SECONDS, 3),
            "steps": draw.randrange(3),
            "text": ("one ", "two"),
            "fail_attempts": int(draw.random() < _FAILING_ONCE),
            "fail": draw.random() < _FAILING,
        }
        return client.request(type="test_job", payload=payload, idempotency_key=key, max_attempts=most)

    def _submit(self, client: aijobs.Client, requests: list[JobRequest]) -> None:
        self._insist(client, requests)
        if self._random.random() < _SENT_TWICE:
            self.repeats += 1
            self._insist(client, requests)

    def _insist(self, client: aijobs.Client, requests: list[JobRequest]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                handles = client.submit_many(requests)
            except aijobs.StoreUnavailableError:
                if self._told_to_stop.is_set() or time.monotonic() > deadline:
                    raise
                self.repeats += 1
                time.sleep(_PAUSE_SECONDS)
                continue
            for request, handle in zip(requests, handles, strict=True):
                self.answers[str(request.idempotency_key)].add(handle.id)
            return
