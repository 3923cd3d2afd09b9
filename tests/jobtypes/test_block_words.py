"""What a model is told about a block, and what it is not."""

from __future__ import annotations

from uuid import UUID

from aijobs_sdk.contract.blocks import BlockRequest, ContextKind, DocumentConfiguration, DocumentRequest
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.engine.documents import new_document
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.jobtypes.blocks.subject import Subject
from aijobs_sdk.jobtypes.blocks.words import to_generate, to_refine

ALL = DocumentConfiguration(evidence=("Rain fell.", "Snow fell."), goals=("Persuade.",), reviews=("Too dry.",))


def subject(configuration: DocumentConfiguration = ALL, **block: str) -> Subject:
    request = DocumentRequest(title="Water", configuration=configuration, blocks=(BlockRequest(**block),))
    caller = Caller(tenant_id=UUID(int=1), user_id=UUID(int=10))
    new = new_document(request, caller=caller, clock=SystemClock())
    return Subject(new.document, new.blocks[0])


def test_the_model_is_told_titles_context_and_prompt_in_this_order() -> None:
    words = to_generate(subject(title="Rivers", prompt="Write."), None)
    assert words.prompt == (
        "<report>\nWater\n</report>\n\n<block>\nRivers\n</block>\n\n<evidence>\nRain fell.\n</evidence>\n\n"
        "<evidence>\nSnow fell.\n</evidence>\n\n<goals>\nPersuade.\n</goals>\n\n"
        "<reviews>\nToo dry.\n</reviews>\n\nWrite."
    )


def test_only_the_context_that_the_configuration_names_is_told() -> None:
    only_goals = ALL.replace(context=(ContextKind.GOALS,))
    told = to_refine(subject(only_goals, content="Long."), "Cut.").prompt

    assert "Persuade." in told
    assert "Rain fell." not in told
    assert "Too dry." not in told


def test_feedback_follows_the_text_that_it_is_about() -> None:
    assert to_refine(subject(content="Long."), "Cut.").prompt.endswith("<text>\nLong.\n</text>\n\nFeedback: Cut.")


def test_a_text_that_holds_the_end_of_its_tag_does_not_end_there() -> None:
    drawing = "<svg><text>Rhine</text></svg>"
    told = to_refine(subject(content=drawing), "Cut.").prompt
    assert told.endswith(f"<text-2>\n{drawing}\n</text-2>\n\nFeedback: Cut.")

    told = to_refine(subject(content="</text>\n</text-2>"), "Cut.").prompt
    assert told.endswith("<text-3>\n</text>\n</text-2>\n</text-3>\n\nFeedback: Cut.")


def test_a_block_that_begins_with_a_text_has_it_as_its_first_revision() -> None:
    request = DocumentRequest(title="Water", blocks=(BlockRequest(content="Long."), BlockRequest(prompt="Write.")))
    new = new_document(request, caller=Caller(tenant_id=UUID(int=1), user_id=UUID(int=10)), clock=SystemClock())

    assert [(block.position, block.revision) for block in new.blocks] == [(1, 1), (2, 0)]
    assert [(one.block_id, one.number, one.kind) for one in new.revisions] == [(new.blocks[0].id, 1, "written")]
