"""How do finance tools read it? The month as a FOCUS 1.2 data set."""
