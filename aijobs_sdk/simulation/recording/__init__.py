"""WHAT DID THEY REALLY ANSWER? Exchanges with real endpoints in a file, without secrets, and played back in time."""
