"""Foundation models made fit for the job: loaded locally, held to a closed set of answers."""

if __name__ == "models":  # the repository root is on sys.path: one module, one name
    raise ImportError("import passline.models, not models")
