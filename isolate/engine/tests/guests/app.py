"""A component made by componentize-py: arguments, files, randomness and clocks, from Python."""

import os
import random
import sys
import time

from wit_world import exports


class Run(exports.Run):
    def run(self) -> None:
        print("hello", sys.argv[1:], os.environ["KEY"])
        with open("/in") as file:
            text = file.read()
        try:
            open("/none")
        except FileNotFoundError:
            text += " and no more"
        with open("/out", "w") as file:
            file.write(text.upper())
        numbers = sorted({random.random() for _ in range(10)})
        assert len(numbers) == 10 and sorted(os.listdir("/")) == ["in", "out", "work"]
        start = time.monotonic()
        time.sleep(3600)
        assert time.monotonic() - start >= 3600
