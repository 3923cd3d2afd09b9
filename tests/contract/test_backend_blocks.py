"""Documents with blocks over every backend: begun, filled by jobs, and a tenant's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.blocks import Block, BlockRequest, DocumentConfiguration, DocumentRequest
from aijobs_sdk.contract.errors import SuggestionDecidedError, SuggestionNotFoundError, SuggestionOutdatedError
from aijobs_sdk.contract.job import Caller, Job, JobQuery, JobRequest
from aijobs_sdk.contract.records import Document
from aijobs_sdk.contract.suggestions import Suggestion
from contract.conftest import OURS, THEIRS

pytestmark = pytest.mark.anyio

REQUEST = DocumentRequest(
    title="Water",
    configuration=DocumentConfiguration(evidence=("Rain fell.",)),
    blocks=(BlockRequest(title="Rivers", prompt="Write about rivers."), BlockRequest(content="Lakes lie.")),
)


def task(kind: str, block: Block, **payload: Any) -> JobRequest:
    place = {"document_id": str(block.document_id), "block_id": str(block.id)}
    return JobRequest(type=f"block_{kind}", payload=place | payload)


async def over(backend: Backend, request: JobRequest) -> Job:
    [job] = await backend.submit([request])
    async for _ in backend.events(job.id):
        pass
    return await backend.get(job.id)


async def test_a_document_is_begun_by_whoever_asks(backend: Backend) -> None:
    document = await backend.create_document(REQUEST)

    assert (document.tenant_id, document.author_id, document.job_id) == (OURS.tenant_id, OURS.user_id, None)
    assert document.configuration == REQUEST.configuration
    assert await backend.document(document.id) == document


async def test_a_document_is_begun_once_with_one_key(backend_for: Callable[[Caller], Backend]) -> None:
    ours, theirs = backend_for(OURS), backend_for(THEIRS)
    keyed = REQUEST.replace(idempotency_key="report-7", author_id=UUID(int=30))
    first, again, other = [await one.create_document(keyed) for one in (ours, ours, theirs)]

    assert first == again
    assert first.author_id == UUID(int=30)
    assert other.id != first.id
    assert len(await ours.blocks(first.id)) == len(REQUEST.blocks)


async def test_blocks_come_in_their_order(backend: Backend) -> None:
    blocks = await backend.blocks((await backend.create_document(REQUEST)).id)
    assert [(one.position, one.title, one.content, one.revision) for one in blocks] == [
        (1, "Rivers", "", 0),
        (2, "", "Lakes lie.", 1),
    ]


async def test_a_job_fills_a_block(backend: Backend) -> None:
    document = await backend.create_document(REQUEST)
    job = await over(backend, task("generate", (await backend.blocks(document.id))[0]))

    [block, _] = await backend.blocks(document.id)
    [revision] = await backend.revisions(block.id)
    assert job.result is not None
    assert job.result["content"] == block.content == revision.content
    assert (revision.kind, revision.job_id, str(revision.id)) == ("generate", job.id, job.result["revision_id"])


async def test_an_analysis_changes_nothing(backend: Backend) -> None:
    document = await backend.create_document(REQUEST)
    before = await backend.blocks(document.id)
    job = await over(backend, task("analyze", before[1]))

    assert job.result is not None
    assert job.result["findings"]
    assert await backend.blocks(document.id) == before


async def proposed(backend: Backend) -> Suggestion:
    document = await backend.create_document(REQUEST)
    _, block = await backend.blocks(document.id)
    await over(backend, task("refine", block, prompt="Be brief.", propose=True))
    [suggestion] = await backend.suggestions(block.id)
    return suggestion


async def test_a_refinement_is_proposed_and_then_applied(backend: Backend) -> None:
    suggestion = await proposed(backend)
    [written] = await backend.revisions(suggestion.block_id)
    applied = await backend.apply_suggestion(suggestion.id)

    assert [one.id for one in await backend.revisions(suggestion.block_id)] == [written.id, applied.revision_id]
    assert (await backend.blocks(suggestion.document_id))[1].content == suggestion.content
    assert (applied.status, applied.decided_by) == ("applied", OURS.user_id)
    assert await backend.apply_suggestion(suggestion.id) == applied


async def test_a_refinement_is_proposed_and_then_rejected(backend: Backend) -> None:
    suggestion = await proposed(backend)
    rejected = await backend.reject_suggestion(suggestion.id)

    assert await backend.suggestions(suggestion.block_id) == [rejected]
    assert (await backend.blocks(suggestion.document_id))[1].content == "Lakes lie."
    with pytest.raises(SuggestionDecidedError, match="was rejected before"):
        await backend.apply_suggestion(suggestion.id)


async def test_a_suggestion_for_another_text_is_refused(backend: Backend) -> None:
    suggestion = await proposed(backend)
    _, block = await backend.blocks(suggestion.document_id)
    await over(backend, task("refine", block, prompt="Be merry."))

    with pytest.raises(SuggestionOutdatedError, match="which is at revision 2 by now"):
        await backend.apply_suggestion(suggestion.id)


async def test_a_suggestion_of_another_tenant_is_not_there(backend_for: Callable[[Caller], Backend]) -> None:
    ours, theirs = backend_for(OURS), backend_for(THEIRS)
    suggestion = await proposed(ours)

    assert await theirs.suggestions(suggestion.block_id) == []
    for decide in (theirs.apply_suggestion, theirs.reject_suggestion):
        with pytest.raises(SuggestionNotFoundError):
            await decide(suggestion.id)
    assert await ours.suggestions(suggestion.block_id) == [suggestion]


async def test_jobs_are_listed_by_document(backend: Backend) -> None:
    first, second = [await backend.create_document(REQUEST) for _ in range(2)]
    jobs = [await over(backend, task("generate", (await backend.blocks(one.id))[0])) for one in (first, second)]

    page = await backend.list_jobs(JobQuery(document_id=second.id))
    assert [job.id for job in page.jobs] == [jobs[1].id]


async def test_a_document_of_another_tenant_is_not_there(backend_for: Callable[[Caller], Backend]) -> None:
    ours, theirs = backend_for(OURS), backend_for(THEIRS)
    document: Document = await ours.create_document(REQUEST)
    blocks = await ours.blocks(document.id)

    assert await theirs.document(document.id) is None
    assert [*await theirs.blocks(document.id), *await theirs.revisions(blocks[1].id)] == []
    failed = await over(theirs, task("generate", blocks[0]))
    assert failed.error is not None
    assert failed.error.code == "document_not_found"


async def test_what_there_is_none_of_has_no_blocks(backend: Backend) -> None:
    assert [*await backend.blocks(UUID(int=99)), *await backend.revisions(UUID(int=99))] == []
