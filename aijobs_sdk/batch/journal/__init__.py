"""WHAT DOES A CRASH LEAVE? What the same call goes on from, who runs it, and where."""
