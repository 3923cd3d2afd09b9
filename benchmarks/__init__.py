"""HOW FAST IS IT? Each file measures one promise and prints a table: us, the peer, the ratio.

`torture` asks another question: what does it survive?
"""
