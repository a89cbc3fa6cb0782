"""How long the parts of the PLC's mailbox are, and how they are laid out; nothing here writes."""

import struct

OPCUA = struct.Struct(">I16sHd")  # sequence, action id, number of the control, value
MODBUS = struct.Struct(">I16sHf")
CRC = struct.Struct(">I")
BEAT = struct.Struct(">I")
ECHO = struct.Struct(">I16sHHf")  # sequence, action id, number of the control, outcome, value
COUNT = struct.Struct(">I")
GREATEST = struct.unpack(">f", b"\x7f\x7f\xff\xff")[0]  # finite number of 32 bits
TOKEN = 8  # bytes
MODBUS_ECHOES = 8
OPCUA_ECHOES = 64
REQUEST_WORDS = (MODBUS.size + CRC.size + TOKEN) // 2
BEAT_WORDS = (BEAT.size + TOKEN) // 2
ECHO_WORDS = (COUNT.size + MODBUS_ECHOES * ECHO.size) // 2
IDENTITY = 120  # registers from the first echo to what the PLC says of itself
IDENTITY_WORDS = 10
MEMORY_AT = 4  # first of two of those registers, the number of the memory of action ids
MEMORY_NODE = "s=Mailbox.Memory"  # the same over OPC UA, in the namespace of the mailbox
