"""The answer, computed without any of the programs: python3 answer.py > expected.json"""
import csv, decimal, json, pathlib

here = pathlib.Path(__file__).parent
seattle, new_york = (
    {row["date"]: decimal.Decimal(row["temp_max_c"]) for row in csv.DictReader(open(here / f"{city}.csv"))}
    for city in ("seattle", "new_york")
)
days = seattle.keys() & new_york.keys()
print(json.dumps({"days": len(days), "seattle_warmer": sum(seattle[day] > new_york[day] for day in days)}))
