"""HOW IS IT ASKED OVER HTTP? Any backend behind routes, events and keys: translation only, no logic of its own."""
