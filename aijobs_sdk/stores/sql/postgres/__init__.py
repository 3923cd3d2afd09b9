"""What PostgreSQL alone has. Its driver takes a tenth of a second to import: who keeps jobs in a file never does."""
