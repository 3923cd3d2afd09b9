"""What the checks ask for, in every vendor's words."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

RIVERS = "Tell me about rivers"
MESSAGES: list[Any] = [{"role": "user", "content": RIVERS}]
CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
CHAT_TOOLS: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
RESPONSE_TOOLS: list[Any] = [{"type": "function", "name": "weather", "parameters": CITY, "strict": True}]
CLAUDE_TOOLS: list[Any] = [{"name": "weather", "input_schema": CITY}]
CONVERSE_TOOLS: dict[str, Any] = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": CITY}}}]}
GOOGLE_TOOLS: list[Any] = [{"function_declarations": [{"name": "weather", "parameters_json_schema": CITY}]}]
THINKING: dict[str, Any] = {"type": "enabled", "budget_tokens": 1024}
LONG_RULES = "Answer as a geographer would. " * 300
"""Long enough for a cache of prompts."""


class Forecast(BaseModel):
    """What the tool takes, and what structured output is parsed into."""

    city: str
    days: int
