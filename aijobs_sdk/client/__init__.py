"""HOW DO I ASK? The async client and its handles, and the same for code that blocks."""
