"""The command line: `aijobs …`."""
