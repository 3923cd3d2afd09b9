"""HOW FAST MAY A PROVIDER BE ASKED? Learnt from what it answers, for each model apart."""
