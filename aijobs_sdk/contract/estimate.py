"""What a job would cost, before it is submitted."""

from __future__ import annotations

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.records import Credits
from aijobs_sdk.contract.showing import heading, known_facts
from aijobs_sdk.markup import markup


class Estimate(Fact):
    """What one job is expected to consume. Nothing was stored, and nobody was asked."""

    model: str
    provider: str
    input_tokens: int
    token_method: str
    """How `input_tokens` were come by: `exact:` or `estimate:`, and the vocabulary."""
    output_tokens: int
    """Expected: as many as the caller allows, where the caller says so."""
    most_output_tokens: int | None
    """As many as there can be; None where neither the model nor the caller sets a limit."""
    credits: Credits
    """What the user would be quoted, and billed."""
    most_credits: Credits | None
    """What it costs at most, whoever answers and however the prompt is counted: held to that by `max_credits`, it is
    neither refused nor cut short."""

    def _repr_html_(self) -> str:
        expected = {
            "provider": self.provider,
            "tokens in": self.input_tokens,
            "tokens out": self.output_tokens,
            "tokens out at most": self.most_output_tokens,
            "credits": self.credits,
            "credits at most": self.most_credits,
        }
        return markup(heading("Estimate", self.model), known_facts(expected))
