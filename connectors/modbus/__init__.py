"""Modbus TCP: blocks of registers, a client and a server."""
