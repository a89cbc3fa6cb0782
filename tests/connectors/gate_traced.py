"""One write by a gate, to run under a tracer of system calls: FOLDER of gate, of mill."""

import sys
from pathlib import Path

from passline.connectors.gate.check import Mode, Policy, Request
from passline.connectors.gate.gate import Gate

from .gate_mill import MillPlant


def main():
    folder, mill = Path(sys.argv[1]), Path(sys.argv[2])
    gate = Gate(MillPlant(mill), folder, Mode.CLOSED, Policy(lease=60.0, readback=0.1))
    gate.beat()
    found = gate.propose(Request("ab" * 16, "mill.speed", 0.3))
    sys.stdout.write(found.state + "\n")
    gate.close()


if __name__ == "__main__":
    main()
