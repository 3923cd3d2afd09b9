"""HOW IS A SERVER ASKED? Each method of a Backend as a request over HTTP, and many jobs' events over few streams."""
