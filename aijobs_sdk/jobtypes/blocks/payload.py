"""What a job on a block is asked with."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue

from aijobs_sdk.jobtypes.blocks.words import Words
from aijobs_sdk.jobtypes.generation.payload import GenerationPayload, Prompt, WritingOptions


class BlockPayload(WritingOptions):
    """Which block, and how a model is asked about it."""

    document_id: UUID
    block_id: UUID
    prompt: Prompt | None = None
    """What to write (the block's own prompt where it is None), or what to look for."""
    model: str | None = None
    """A name from the table of models; the document's where it is None, else the first of the table that writes."""

    def as_text(
        self, words: Words, *, model: str, output_schema: Mapping[str, JsonValue] | None = None
    ) -> GenerationPayload:
        """Return the text that a model is asked for."""
        # Only what was named: a model that does not take a parameter must not be told its default.
        named = {name: getattr(self, name) for name in self.model_fields_set & WritingOptions.model_fields.keys()}
        return GenerationPayload(
            prompt=words.prompt, system=words.system, model=model, output_schema=output_schema, **named
        )


class RefinePayload(BlockPayload):
    """The same with feedback, without which there is nothing to refine by."""

    prompt: Prompt
    """The feedback."""
    propose: bool = False
    """Whether the text is a suggestion, and the block stays as it is until that is applied."""
