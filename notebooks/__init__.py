"""Notebooks to learn from, and what keeps them as they are."""
