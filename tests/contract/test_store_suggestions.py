"""Suggestions in every store: proposed by a completion, decided about once, and applied to the text they rewrite."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from aijobs_sdk.contract.blocks import Block, BlockChange, BlockRequest, DocumentRequest
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import (
    LeaseLostError,
    SuggestionDecidedError,
    SuggestionNotFoundError,
    SuggestionOutdatedError,
)
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Claim, Done, Store
from aijobs_sdk.contract.suggestions import Suggestion, SuggestionStatus
from aijobs_sdk.engine.documents import new_document
from aijobs_sdk.engine.suggestions import new_decision
from contract.new_jobs import THEM, US, new_job

pytestmark = pytest.mark.anyio

EDITOR = Caller(tenant_id=US, user_id=UUID(int=10))
STRANGER = Caller(tenant_id=THEM, user_id=UUID(int=20))


@pytest.fixture
async def block(store: Store, clock: Clock) -> Block:
    """A block with a text."""
    request = DocumentRequest(title="Water", blocks=(BlockRequest(content="Rivers are long."),))
    new = new_document(request, caller=EDITOR, clock=clock)
    await store.add_document(new)
    return new.blocks[0]


async def claimed(store: Store, clock: Clock) -> Claim:
    await store.create([new_job(clock)])
    [claim] = await store.claim("w", {"test_job": None}, limit=1, lease_seconds=30, hard_limit_seconds=60)
    return claim


def suggestion(claim: Claim, block: Block, clock: Clock, content: str = "Rivers \x00 flow.") -> Suggestion:
    return Suggestion(
        id=uuid4(),
        tenant_id=US,
        document_id=block.document_id,
        block_id=block.id,
        job_id=claim.job.id,
        user_id=UUID(int=30),
        model="gpt-5.2",
        provider="openai",
        prompt_length=70,
        content=content,
        based_on=block.revision,
        created_at=clock.now(),
    )


async def proposed(store: Store, clock: Clock, block: Block, content: str = "Rivers flow.") -> Suggestion:
    claim = await claimed(store, clock)
    one = suggestion(claim, block, clock, content)
    await store.finish(claim.lease, Done({}, Effects(suggestions=(one,))))
    return one


async def decide(
    store: Store, clock: Clock, one: Suggestion, status: SuggestionStatus, caller: Caller = EDITOR
) -> Suggestion:
    return await store.decide_suggestion(new_decision(one.id, status, caller=caller, clock=clock))


async def test_a_completion_proposes_and_leaves_the_block_as_it_is(store: Store, clock: Clock, block: Block) -> None:
    ones = [await proposed(store, clock, block, content) for content in ("One.", "Two.", "Three.")]

    assert await store.suggestions(US, block.id) == ones
    assert await store.block(US, block.id) == block
    assert len(await store.revisions(US, block.id)) == 1


async def test_a_suggestion_that_is_applied_is_the_blocks_next_text(store: Store, clock: Clock, block: Block) -> None:
    one = await proposed(store, clock, block)
    await clock.sleep(5)
    applied = await decide(store, clock, one, SuggestionStatus.APPLIED)

    assert await store.block(US, block.id) == block.replace(content="Rivers flow.", revision=2, updated_at=clock.now())
    revision = (await store.revisions(US, block.id))[1]
    assert (revision.id, revision.kind, revision.job_id) == (applied.revision_id, "refine", one.job_id)
    assert applied == one.replace(
        status="applied", revision_id=revision.id, decided_by=EDITOR.user_id, decided_at=clock.now()
    )
    assert await store.suggestions(US, block.id) == [applied]


async def test_what_is_applied_stands_in_the_lineage_from_then_on(store: Store, clock: Clock, block: Block) -> None:
    one = await proposed(store, clock, block)
    assert await store.lineage(US, block.document_id) == []

    await clock.sleep(5)
    await decide(store, clock, one, SuggestionStatus.APPLIED)

    [event] = await store.lineage(US, block.document_id)
    assert (event.job_id, event.model, event.provider) == (one.job_id, "gpt-5.2", "openai")
    assert (event.prompt_length, event.output_length) == (70, len("Rivers flow."))
    assert (event.actor_id, event.at) == (one.user_id, clock.now())


async def test_a_suggestion_that_is_rejected_leaves_the_block_as_it_is(
    store: Store, clock: Clock, block: Block
) -> None:
    rejected = await decide(store, clock, await proposed(store, clock, block), SuggestionStatus.REJECTED)

    assert (rejected.status, rejected.revision_id, rejected.decided_by) == ("rejected", None, EDITOR.user_id)
    assert await store.suggestions(US, block.id) == [rejected]
    assert await store.block(US, block.id) == block
    assert await store.lineage(US, block.document_id) == []


@pytest.mark.parametrize("status", [SuggestionStatus.APPLIED, SuggestionStatus.REJECTED])
async def test_what_is_decided_again_stays_as_it_was(
    store: Store, clock: Clock, block: Block, status: SuggestionStatus
) -> None:
    one = await proposed(store, clock, block)
    decided = await decide(store, clock, one, status)
    revisions = await store.revisions(US, block.id)
    await clock.sleep(5)

    assert await decide(store, clock, one, status) == decided
    assert await store.revisions(US, block.id) == revisions


@pytest.mark.parametrize(
    ("first", "then"),
    [(SuggestionStatus.APPLIED, SuggestionStatus.REJECTED), (SuggestionStatus.REJECTED, SuggestionStatus.APPLIED)],
)
async def test_nobody_decides_the_opposite_afterwards(
    store: Store, clock: Clock, block: Block, first: SuggestionStatus, then: SuggestionStatus
) -> None:
    one = await proposed(store, clock, block)
    decided = await decide(store, clock, one, first)

    with pytest.raises(SuggestionDecidedError, match=f"{one.id} was {first} before"):
        await decide(store, clock, one, then)
    assert await store.suggestions(US, block.id) == [decided]


async def test_a_block_that_changed_since_is_not_overwritten(store: Store, clock: Clock, block: Block) -> None:
    one = await proposed(store, clock, block)
    claim = await claimed(store, clock)
    change = BlockChange(
        revision_id=uuid4(),
        tenant_id=US,
        block_id=block.id,
        content="Rivers sing.",
        kind="refine",
        job_id=claim.job.id,
        at=clock.now(),
    )
    await store.finish(claim.lease, Done({}, Effects(blocks=(change,))))

    with pytest.raises(SuggestionOutdatedError, match=r"revision 1 .* at revision 2"):
        await decide(store, clock, one, SuggestionStatus.APPLIED)
    assert await store.suggestions(US, block.id) == [one]
    assert [one.content for one in await store.revisions(US, block.id)] == ["Rivers are long.", "Rivers sing."]


async def test_of_two_suggestions_for_one_text_one_is_applied(store: Store, clock: Clock, block: Block) -> None:
    ones = [await proposed(store, clock, block, content) for content in ("One.", "Two.")]
    answers = await asyncio.gather(
        *(decide(store, clock, one, SuggestionStatus.APPLIED) for one in ones), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in answers) == ["Suggestion", "SuggestionOutdatedError"]
    assert len(await store.revisions(US, block.id)) == 2


async def test_an_outdated_suggestion_can_be_rejected(store: Store, clock: Clock, block: Block) -> None:
    first, second = [await proposed(store, clock, block, content) for content in ("One.", "Two.")]
    await decide(store, clock, first, SuggestionStatus.APPLIED)

    assert (await decide(store, clock, second, SuggestionStatus.REJECTED)).status == "rejected"


async def test_another_tenant_has_no_such_suggestion(store: Store, clock: Clock, block: Block) -> None:
    one = await proposed(store, clock, block)

    assert await store.suggestions(THEM, block.id) == []
    with pytest.raises(SuggestionNotFoundError, match=str(one.id)):
        await decide(store, clock, one, SuggestionStatus.APPLIED, STRANGER)
    assert await store.suggestions(US, block.id) == [one]


async def test_a_suggestion_that_nobody_made_cannot_be_decided(store: Store, clock: Clock, block: Block) -> None:
    nobodys = suggestion(await claimed(store, clock), block, clock)
    with pytest.raises(SuggestionNotFoundError):
        await decide(store, clock, nobodys, SuggestionStatus.REJECTED)


async def test_a_completion_that_is_said_again_proposes_once(store: Store, clock: Clock, block: Block) -> None:
    claim = await claimed(store, clock)
    done = Done({}, Effects(suggestions=(suggestion(claim, block, clock),)))
    await store.finish(claim.lease, done)
    await store.finish(claim.lease, done)

    assert len(await store.suggestions(US, block.id)) == 1


async def test_a_worker_that_lost_the_job_proposes_nothing(store: Store, clock: Clock, block: Block) -> None:
    zombie = await claimed(store, clock)
    await clock.sleep(31)
    await store.reap()

    with pytest.raises(LeaseLostError):
        await store.finish(zombie.lease, Done({}, Effects(suggestions=(suggestion(zombie, block, clock),))))
    assert await store.suggestions(US, block.id) == []
