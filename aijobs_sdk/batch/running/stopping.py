"""Stopping jobs of a batch: that one cannot be asked stands in no other's way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from uuid import UUID

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import ServerUnavailableError, StoreUnavailableError

AWAY = (StoreUnavailableError, ServerUnavailableError)
"""What cannot be asked now may be asked in a moment."""


async def stop_jobs(backend: Backend, job_ids: Iterable[UUID]) -> None:
    """Ask each of these jobs of a batch to stop, also where one of the others cannot be asked.

    Raises:
        AIJobsError: so one could not.
    """
    ends = await asyncio.gather(*map(backend.cancel, job_ids), return_exceptions=True)
    if (trouble := next((end for end in ends if isinstance(end, BaseException)), None)) is not None:
        raise trouble
