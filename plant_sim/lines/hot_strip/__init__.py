"""The hot strip line: five to seven finishing stands and a run-out table."""
