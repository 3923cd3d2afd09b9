"""HOW IS A TEXT ASKED FOR, PRICED AND WRITTEN? The parts of `ai_generation`."""
