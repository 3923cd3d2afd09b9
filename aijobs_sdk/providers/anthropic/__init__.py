"""Claude, at Anthropic and on AWS."""
