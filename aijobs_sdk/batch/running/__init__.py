"""HOW DOES A ROW GET ITS ANSWER? In lanes, step by step, within a budget."""
