"""The operator: a LangGraph supervisor that sees, diagnoses, asks, acts, verifies and reports."""

if __name__ == "agents":  # the repository root is on sys.path: one module, one name
    raise ImportError("import passline.agents, not agents")
