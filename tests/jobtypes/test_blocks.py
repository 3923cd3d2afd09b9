"""What can be asked of a report's blocks, and what it changes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.mock import Mock

NOBODYS = UUID(int=7)


@pytest.fixture
def sim() -> Iterator[Mock]:
    with aijobs.mock(seed=7) as sim:
        yield sim


@pytest.fixture
def client(sim: Mock) -> Iterator[aijobs.Client]:
    with aijobs.Client() as client:
        yield client


def begin(client: aijobs.Client, **configuration: Any) -> aijobs.Block:
    """Return the first block of a new report; it has a prompt, and a text already."""
    block = {"title": "Rivers", "prompt": "Write about rivers.", "content": "Rivers are long."}
    report = client.create_document("Water", blocks=[block], configuration=configuration)
    return client.blocks(report.id)[0]


def ask(client: aijobs.Client, kind: str, block: aijobs.Block, prompt: str | None = None, **options: Any) -> Any:
    place = {"document_id": str(block.document_id), "block_id": str(block.id)}
    return client.submit(prompt, type=f"block_{kind}", payload=place, **options)


def propose(client: aijobs.Client, block: aijobs.Block, feedback: str, kind: str = "refine") -> Any:
    payload = {"document_id": block.document_id, "block_id": block.id, "propose": True}
    return client.submit(feedback, type=f"block_{kind}", payload=payload)


def now(client: aijobs.Client, block: aijobs.Block) -> aijobs.Block:
    return client.blocks(block.document_id)[block.position - 1]


def test_a_block_is_filled_from_its_own_prompt(sim: Mock, client: aijobs.Client) -> None:
    sim.on(prompt="*Write about rivers.").do(aijobs.ok("Rivers flow."))
    block = begin(client)

    result = ask(client, "generate", block).result()

    assert isinstance(result, aijobs.BlockResult)
    assert (result.content, now(client, block).content) == ("Rivers flow.", "Rivers flow.")


def test_the_prompt_of_a_job_comes_before_that_of_the_block(sim: Mock, client: aijobs.Client) -> None:
    sim.on(prompt="*Write about lakes.").do(aijobs.ok("Lakes lie."))
    assert ask(client, "generate", begin(client), "Write about lakes.").result().content == "Lakes lie."


def test_a_block_is_refined_by_feedback_on_what_it_says(sim: Mock, client: aijobs.Client) -> None:
    sim.on(prompt="*<text>?Rivers are long.?</text>*Feedback: Be brief.").do(aijobs.ok("Long."))
    block = begin(client)

    assert ask(client, "refine", block, "Be brief.").result().content == "Long."
    assert now(client, block).content == "Long."


def test_every_text_of_a_block_stays_as_a_revision(sim: Mock, client: aijobs.Client) -> None:
    sim.on(prompt="*Write*").do(aijobs.ok("First."))
    sim.on(prompt="*Feedback*").do(aijobs.ok("Second."))
    block = begin(client)
    filled = ask(client, "generate", block)
    filled.result()
    refined = ask(client, "refine", block, "Go on.")
    refined.result()

    told = [(one.number, one.kind, one.content, one.job_id) for one in client.revisions(block.id)]
    assert told == [
        (1, "written", "Rivers are long.", None),
        (2, "generate", "First.", filled.id),
        (3, "refine", "Second.", refined.id),
    ]


def test_a_retry_leaves_no_second_revision(sim: Mock, client: aijobs.Client) -> None:
    sim.on().do(aijobs.fail("reset", after_tokens=5), aijobs.ok("Rivers flow."))
    block = begin(client)
    job = ask(client, "generate", block)

    assert (job.result().content, job.wait().attempts) == ("Rivers flow.", 2)
    assert [one.number for one in client.revisions(block.id)] == [1, 2]
    assert len(client.usage(month="2026-01")) == 1


def test_a_text_that_is_only_proposed_waits_for_somebody_to_apply_it(sim: Mock, client: aijobs.Client) -> None:
    sim.on(prompt="*Feedback: Be brief.").do(aijobs.ok("Long."))
    block = begin(client)
    result = propose(client, block, "Be brief.").result()

    assert (result.content, result.revision_id, now(client, block)) == ("Long.", None, block)
    [suggestion] = client.suggestions(block.id)
    assert (suggestion.id, suggestion.status, suggestion.based_on) == (result.suggestion_id, "proposed", 1)
    assert client.lineage(block.document_id) == []

    client.apply_suggestion(suggestion.id)
    assert now(client, block).content == "Long."
    assert [event.job_id for event in client.lineage(block.document_id)] == [suggestion.job_id]


@pytest.mark.parametrize("kind", ["generate", "refine"])
def test_a_text_that_was_cut_off_takes_no_whole_ones_place(sim: Mock, client: aijobs.Client, kind: str) -> None:
    sim.on().do(aijobs.fail("max_tokens", after_tokens=5))
    block = begin(client)
    result = ask(client, kind, block, "Go on.").result()

    assert (result.finish_reason, result.revision_id, now(client, block)) == ("length", None, block)
    assert [(one.id, one.content) for one in client.suggestions(block.id)] == [(result.suggestion_id, result.content)]


def test_an_empty_block_is_filled_with_a_text_that_was_cut_off(sim: Mock, client: aijobs.Client) -> None:
    sim.on().do(aijobs.fail("max_tokens", after_tokens=5))
    block = client.blocks(client.create_document("Water", blocks=[{"prompt": "Write about rivers."}]).id)[0]
    result = ask(client, "generate", block).result()

    assert (result.finish_reason, now(client, block).content) == ("length", result.content)


def test_a_proposed_text_is_billed_like_any_other(client: aijobs.Client) -> None:
    block = begin(client)
    result = propose(client, block, "Go on.").result()

    [row] = client.usage(month="2026-01")
    assert (row.query_type, row.credits_used) == ("block_refine", result.metered_credits)


def test_only_a_refinement_can_be_proposed(client: aijobs.Client) -> None:
    with pytest.raises(aijobs.InvalidRequestError, match=r"payload\.propose"):
        propose(client, begin(client), "Go on.", kind="generate")


def test_an_analysis_lists_findings_and_changes_no_block(client: aijobs.Client) -> None:
    block = begin(client)

    result = ask(client, "analyze", block).result()

    assert isinstance(result, aijobs.AnalysisResult)
    assert result.findings
    assert {one.severity for one in result.findings} <= {"low", "medium", "high"}
    assert now(client, block) == block
    assert client.lineage(block.document_id) == []


@pytest.mark.parametrize("model", ["gpt-5.2", "claude-sonnet-4.5", "gemini-3-flash"])
def test_every_vendor_can_be_asked_for_findings(model: str) -> None:
    with aijobs.mock(seed=7, fidelity="wire"), aijobs.Client() as client:
        result = ask(client, "analyze", begin(client), model=model).result()

    assert (result.model, len(result.findings) > 0) == (model, True)


def test_findings_that_do_not_fit_are_asked_for_again(sim: Mock, client: aijobs.Client) -> None:
    sim.on().do(aijobs.ok('{"findings": [{"kind": "odd"}]}'), aijobs.ok('{"findings": []}'))
    job = ask(client, "analyze", begin(client))

    assert (job.result().findings, job.wait().attempts) == ((), 2)


def test_findings_that_were_cut_off_are_paid_once(sim: Mock, client: aijobs.Client) -> None:
    sim.on().do(aijobs.fail("max_tokens", after_tokens=5))
    job = ask(client, "analyze", begin(client))

    assert job.wait().error.code == "answer_cut"
    assert job.wait().attempts == 1


def test_what_a_model_says_is_safe_to_show(sim: Mock, client: aijobs.Client) -> None:
    found = '{"kind": "style", "severity": "low", "message": "<script>x</script>Long", "quote": "<script>y</script>Q"}'
    sim.on(prompt="*Write*").do(aijobs.ok("<script>x</script>Rivers"))
    sim.on(prompt="*<text>*").do(aijobs.ok(f'{{"findings": [{found}]}}'))
    block = begin(client)

    assert "<script" not in ask(client, "generate", block).result().content
    [finding] = ask(client, "analyze", block).result().findings
    assert "<script" not in f"{finding.message}{finding.quote}"


@pytest.mark.parametrize("kind", ["generate", "refine", "analyze"])
@pytest.mark.parametrize(
    ("document_id", "block_id", "code"),
    [(NOBODYS, None, "document_not_found"), (None, NOBODYS, "block_not_found")],
)
def test_what_is_missing_fails_the_job_at_once(
    client: aijobs.Client, kind: str, document_id: UUID | None, block_id: UUID | None, code: str
) -> None:
    block = begin(client)
    elsewhere = block.replace(id=block_id or block.id, document_id=document_id or block.document_id)
    job = ask(client, kind, elsewhere, "Go on.").wait()

    assert (job.error.code, job.error.category, job.attempts) == (code, "validation", 1)


def test_a_block_of_another_document_is_missing(client: aijobs.Client) -> None:
    block = begin(client).replace(document_id=begin(client).document_id)
    assert ask(client, "generate", block).wait().error.code == "block_not_found"


@pytest.mark.usefixtures("sim")
def test_a_block_of_another_tenant_is_missing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    with aijobs.Client(url) as ours, aijobs.Client(url, tenant_id=uuid4()) as theirs:
        block = begin(ours)
        assert ask(theirs, "generate", block).wait().error.code == "document_not_found"
        assert (theirs.blocks(block.document_id), theirs.revisions(block.id)) == ([], [])


def test_nothing_to_go_by_fails_by_name(client: aijobs.Client) -> None:
    [block] = client.blocks(client.create_document("Water", blocks=[{"title": "Rivers"}]).id)
    codes = [
        ask(client, kind, block, prompt).wait().error.code for kind, prompt in (("generate", None), ("refine", "x"))
    ]

    assert codes == ["prompt_missing", "block_empty"]


def test_feedback_is_required_at_submit(client: aijobs.Client) -> None:
    with pytest.raises(aijobs.InvalidRequestError, match=r"payload\.prompt. is required"):
        ask(client, "refine", begin(client))


def test_a_model_that_is_named_is_checked_at_submit(client: aijobs.Client) -> None:
    with pytest.raises(aijobs.InvalidRequestError, match=r"gpt-5\.2"):
        ask(client, "generate", begin(client), model="gpt-5.3")


def test_the_model_is_the_jobs_then_the_documents_then_the_first(client: aijobs.Client) -> None:
    configured = begin(client, model="gemini-3-flash")

    assert ask(client, "generate", configured, model="claude-opus-4.5").result().model == "claude-opus-4.5"
    assert ask(client, "generate", configured).result().model == "gemini-3-flash"
    assert ask(client, "generate", begin(client)).result().model == "gpt-5.2"


@pytest.mark.parametrize(
    ("configuration", "options", "code"),
    [
        ({"model": "gpt-image-2"}, {}, "invalid_payload"),
        ({"model": "claude-opus-4.5"}, {"seed": 7}, "invalid_payload"),
        ({"model": "claude-opus-4.5", "evidence": ["A river. " * 200_000]}, {}, "context_too_long"),
    ],
    ids=["a model that draws", "a parameter it does not take", "more than it reads"],
)
def test_a_model_that_cannot_do_it_is_not_asked_whoever_names_it(
    sim: Mock, client: aijobs.Client, configuration: dict[str, Any], options: dict[str, Any], code: str
) -> None:
    job = ask(client, "generate", begin(client, **configuration), **options)
    with pytest.raises(aijobs.JobFailedError):
        job.result()
    assert (job.error.code, job.job.attempts, len(sim.calls)) == (code, 1, 0)


def test_a_block_is_billed_as_quoted_or_else_as_metered(client: aijobs.Client) -> None:
    block = begin(client)
    quoted = ask(client, "generate", block, estimated_credits="2.5").result()
    metered = ask(client, "analyze", block).result()

    rows = client.usage(month="2026-01")
    assert [row.query_type for row in rows] == ["block_generate", "block_analyze"]
    assert [row.credits_used for row in rows] == [Decimal("2.5"), metered.metered_credits]
    assert rows[0].metadata["block_id"] == str(block.id)
    assert rows[0].metadata["metered_credits"] == str(quoted.metered_credits)


def test_a_changed_block_shows_in_the_lineage_of_its_document(client: aijobs.Client) -> None:
    block = begin(client)
    job = ask(client, "generate", block)
    job.result()

    assert [event.job_id for event in client.lineage(block.document_id)] == [job.id]


def test_a_text_can_be_watched_while_it_is_written(client: aijobs.Client) -> None:
    job = ask(client, "generate", begin(client))
    assert "".join(job.stream_text()) == job.result().content


def test_a_document_that_cannot_be_begun_names_the_field(client: aijobs.Client) -> None:
    with pytest.raises(aijobs.InvalidRequestError) as refused:
        client.create_document("Water", configuration={"context": ["gossip"]}, blocks=[{"titel": "x"}])
    assert {problem.field for problem in refused.value.fields} == {"configuration.context.0", "blocks.0.titel"}
