"""HOW FAST IS IT? Each file measures one promise and prints a table: us, the peer, the ratio."""
