"""The hot strip line: seven finishing stands and a run-out table."""
