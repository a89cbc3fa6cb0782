"""A steel line in physics: fast, vectorised, with real faults; Gymnasium is its face."""

if __name__ == "plant_sim":  # the repository root is on sys.path: one module, one name
    raise ImportError("import passline.plant_sim, not plant_sim")
