"""Documents with blocks in every store: begun once, changed by jobs alone, each text kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from aijobs_sdk.contract.blocks import Block, BlockChange, BlockRequest, DocumentConfiguration, DocumentRequest
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import LeaseLostError
from aijobs_sdk.contract.job import Caller, JobQuery
from aijobs_sdk.contract.records import Document, Effects, NewDocument
from aijobs_sdk.contract.store import Claim, Done, Store
from aijobs_sdk.engine.documents import new_document
from contract.new_jobs import THEM, US, new_job

pytestmark = pytest.mark.anyio

BLOCKS = (BlockRequest(title="Flüsse", prompt="Write.", content="Long."), BlockRequest(), BlockRequest(title="c"))
CONFIGURATION = DocumentConfiguration(model="gpt-5.2", evidence=("Rain \x00 fell.",), context=())


async def begun(store: Store, clock: Clock, *, tenant_id: UUID = US) -> NewDocument:
    request = DocumentRequest(title="Water", configuration=CONFIGURATION, blocks=BLOCKS)
    new = new_document(request, caller=Caller(tenant_id=tenant_id, user_id=UUID(int=10)), clock=clock)
    assert await store.add_document(new) == new.document
    return new


async def claimed(store: Store, clock: Clock, **fields: Any) -> Claim:
    await store.create([new_job(clock, **fields)])
    [claim] = await store.claim("w", {"test_job": None}, limit=1, lease_seconds=30, hard_limit_seconds=60)
    return claim


def change(claim: Claim, block: Block, clock: Clock, content: str = "New.") -> BlockChange:
    return BlockChange(
        revision_id=uuid4(),
        tenant_id=claim.job.tenant_id,
        block_id=block.id,
        content=content,
        kind="refine",
        job_id=claim.job.id,
        at=clock.now(),
    )


async def test_a_document_and_its_blocks_read_back_as_they_were_begun(store: Store, clock: Clock) -> None:
    new = await begun(store, clock)

    assert tuple(await store.blocks(US, new.document.id)) == new.blocks
    assert await store.block(US, new.blocks[1].id) == new.blocks[1]
    assert [list(await store.revisions(US, block.id)) for block in new.blocks] == [list(new.revisions), [], []]


async def test_a_document_that_is_there_is_not_begun_again(store: Store, clock: Clock) -> None:
    first = await begun(store, clock)
    second = first._replace(document=first.document.replace(title="Fire"), blocks=(), revisions=())

    assert await store.add_document(second) == first.document
    assert len(await store.blocks(US, first.document.id)) == 3


async def test_a_configuration_reads_back_as_it_was_put(store: Store, clock: Clock) -> None:
    new = await begun(store, clock)
    assert await store.document(US, new.document.id) == new.document


async def test_a_document_that_a_job_made_has_no_configuration_and_no_blocks(store: Store, clock: Clock) -> None:
    claim = await claimed(store, clock)
    made = Document(
        id=uuid4(), tenant_id=US, author_id=US, job_id=claim.job.id, title="t", content="c", created_at=clock.now()
    )
    await store.finish(claim.lease, Done({}, Effects(documents=(made,))))

    assert await store.document(US, made.id) == made
    assert await store.blocks(US, made.id) == []


async def test_a_completion_changes_a_block_and_leaves_a_revision(store: Store, clock: Clock) -> None:
    new = await begun(store, clock)
    claim = await claimed(store, clock)
    await clock.sleep(5)
    changed = change(claim, new.blocks[0], clock)
    await store.finish(claim.lease, Done({}, Effects(blocks=(changed,))))

    block = new.blocks[0].replace(content="New.", revision=2, updated_at=clock.now())
    assert tuple(await store.blocks(US, new.document.id)) == (block, *new.blocks[1:])
    assert await store.revisions(US, block.id) == [*new.revisions, changed.revision(2)]


async def test_revisions_are_dense_whichever_job_changes_the_block(store: Store, clock: Clock) -> None:
    block = (await begun(store, clock)).blocks[1]
    claims = [await claimed(store, clock) for _ in range(3)]
    for claim in claims:
        await store.finish(claim.lease, Done({}, Effects(blocks=(change(claim, block, clock),))))

    revisions = await store.revisions(US, block.id)
    assert [(one.number, one.job_id) for one in revisions] == [(n, one.job.id) for n, one in enumerate(claims, start=1)]


async def test_a_completion_that_is_said_again_leaves_one_revision(store: Store, clock: Clock) -> None:
    block = (await begun(store, clock)).blocks[1]
    claim = await claimed(store, clock)
    done = Done({}, Effects(blocks=(change(claim, block, clock),)))
    await store.finish(claim.lease, done)
    await store.finish(claim.lease, done)

    assert [one.number for one in await store.revisions(US, block.id)] == [1]


async def test_a_worker_that_lost_the_job_changes_no_block(store: Store, clock: Clock) -> None:
    block = (await begun(store, clock)).blocks[1]
    zombie = await claimed(store, clock)
    await clock.sleep(31)
    await store.reap()

    with pytest.raises(LeaseLostError):
        await store.finish(zombie.lease, Done({}, Effects(blocks=(change(zombie, block, clock),))))
    assert await store.block(US, block.id) == block
    assert await store.revisions(US, block.id) == []


async def test_a_job_changes_no_block_of_another_tenant(store: Store, clock: Clock) -> None:
    block = (await begun(store, clock)).blocks[1]
    claim = await claimed(store, clock, tenant_id=THEM)
    await store.finish(claim.lease, Done({}, Effects(blocks=(change(claim, block, clock),))))

    assert await store.block(US, block.id) == block
    assert await store.revisions(THEM, block.id) == []


async def test_another_tenant_finds_no_block(store: Store, clock: Clock) -> None:
    new = await begun(store, clock)

    assert await store.block(THEM, new.blocks[0].id) is None
    assert await store.blocks(THEM, new.document.id) == []
    assert await store.revisions(THEM, new.blocks[0].id) == []


async def test_jobs_are_found_by_the_document_that_they_name(store: Store, clock: Clock) -> None:
    document_id = uuid4()
    about = [new_job(clock, payload={"document_id": str(one)}) for one in (document_id, uuid4(), document_id)]
    others = [
        new_job(clock),
        new_job(clock, payload={"document_id": "draft"}),
        new_job(clock, payload={"document_id": 7}),
    ]
    theirs = new_job(clock, payload={"document_id": str(document_id)}, tenant_id=THEM)
    await store.create([*about, *others, theirs])

    page = await store.list_jobs(US, JobQuery(document_id=document_id, limit=1))
    rest = await store.list_jobs(US, JobQuery(document_id=document_id, limit=1, cursor=page.next_cursor))
    assert [job.id for job in (*page.jobs, *rest.jobs)] == [about[2].job.id, about[0].job.id]
    assert rest.next_cursor is None


async def test_a_document_is_kept_when_the_jobs_on_it_are_purged(store: Store, clock: Clock) -> None:
    new = await begun(store, clock)
    claim = await claimed(store, clock)
    await store.finish(claim.lease, Done({}, Effects(blocks=(change(claim, new.blocks[1], clock),))))
    await clock.sleep(60)

    assert await store.purge_jobs(finished_before=clock.now() - timedelta(seconds=1)) == 1
    assert [one.job_id for one in await store.revisions(US, new.blocks[1].id)] == [claim.job.id]
