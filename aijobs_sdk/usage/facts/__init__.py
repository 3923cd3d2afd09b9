"""What does a report say? Facts alone: made once, kept as JSON when a month is closed, shown by any form."""
