"""WHO PRETENDS TO? One core that decides what a provider would answer, and when."""
