"""The one way to a plant: tags over OPC UA and Modbus, and the gate that every write passes."""

if __name__ == "connectors":  # the repository root is on sys.path: one module, one name
    raise ImportError("import passline.connectors, not connectors")
