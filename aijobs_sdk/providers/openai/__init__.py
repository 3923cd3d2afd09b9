"""OpenAI: texts and pictures."""
