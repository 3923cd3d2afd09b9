"""What an answer's Markdown is made safe by, and named by."""
