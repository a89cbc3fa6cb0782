"""The steps of the supervisor's graph, one file a step."""
