"""What is settled? Months closed and reopened on record, and rows put right afterwards."""
