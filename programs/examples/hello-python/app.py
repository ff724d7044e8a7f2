"""On how many days was it warmer in Seattle than in New York? Reads both cities' files, writes two
numbers, and says nothing else of either. An ordinary program: files, and nothing of Veracruz."""

import json
import math
import sys

from wit_world import exports


class Run(exports.Run):
    def run(self) -> None:
        try:
            compare()
        except (OSError, ValueError) as error:
            sys.exit(str(error))


def compare() -> None:
    seattle, new_york = temperatures("/input/seattle.csv"), temperatures("/input/new_york.csv")
    days = seattle.keys() & new_york.keys()
    warmer = sum(seattle[day] > new_york[day] for day in days)
    with open("/output/summary.json", "w") as output:
        json.dump({"days": len(days), "seattle_warmer": warmer}, output)
        print(file=output)


def temperatures(path: str) -> dict[str, float]:
    """Day by day, from lines `date,temperature` below a heading."""
    by_day = {}
    with open(path, encoding="utf-8") as lines:
        next(lines, None)
        for number, line in enumerate(lines, start=2):
            day, _, text = line.partition(",")
            try:
                by_day[day] = float(text)
            except ValueError:
                by_day[day] = math.nan
            if not math.isfinite(by_day[day]):
                raise ValueError(f"{path}, line {number}: expected DATE,TEMPERATURE")
    return by_day
