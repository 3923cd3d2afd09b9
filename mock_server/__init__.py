"""The simulation over HTTP: `python -m mock_server`. Point a vendor's own library at it, and no packet goes further."""
