"""What does a report say? Its chapters, from the facts: the same words and numbers wherever it is read."""
