"""WHAT DID IT COST? Exports of query_usage, and the reports made from them."""
