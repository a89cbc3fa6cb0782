"""A simulated plant behind a real OPC UA and a real Modbus server."""
