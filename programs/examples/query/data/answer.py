"""Computes expected_result.csv in plain Python, without SQL."""
import csv, collections
rd = lambda f: list(csv.DictReader(open(f)))
a = {r['iata']: r for r in rd('../../psi/data/acme_airports.csv')}
d, n = collections.Counter(), collections.Counter()
for r in rd('../../psi/data/globex_airports.csv'):
    if r['iata'] in a and int(r['departures_2008']) > 0:
        band = int(int(float(a[r["iata"]]["elevation_ft"])) / 1000) * 1000     # towards zero, as SQL divides
        n[band] += 1; d[band] += int(r['departures_2008'])
with open('expected_result.csv', 'w', newline='') as f:
    w = csv.writer(f, lineterminator='\n'); w.writerow(['elevation_ft', 'airports', 'departures']); w.writerows((k, n[k], d[k]) for k in sorted(n) if n[k] >= 5)
