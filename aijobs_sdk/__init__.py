"""Run AI generation jobs from a notebook."""
