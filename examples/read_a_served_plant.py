"""Start the virtual PLC and read it over OPC UA and Modbus, as one would read a real line."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from passline.connectors import load_tags
from passline.connectors.follower import Follower
from passline.plant_sim.units import from_si

SERVE = ["-m", "passline.connectors.virtual_plc.process", "--speed", "14", "--seed", "3"]
SHOWN = ("fm.speed", "fm.exit_thickness", "fm.fdt", "rot.coiling_temperature")

with TemporaryDirectory() as run:
    plc = subprocess.Popen([sys.executable, *SERVE, "--dir", run], stdout=subprocess.PIPE)
    try:
        ready = json.loads(next(iter(plc.stdout or ())))
        tags = load_tags(ready["tags"])
        print(f"PLC at {ready['opcua']}, {len(tags.tags)} tags")
        follower = Follower(tags, Path(run) / "pki", "agent")  # this user can only read
        follower.start()
        good = follower.wait_good(20.0)
        samples = follower.samples()
        follower.close()
    finally:
        plc.terminate()
        plc.wait(10)

print("all tags are good" if good else "some tags are not good yet")
for name in SHOWN:
    tag, sample = tags.tags[name], samples[name]
    print(f"{name:26} {from_si(sample.value, tag.unit):8.3f} {tag.unit:5} {sample.quality.name}")
