"""Recomputes expected.json with Python's statistics module."""
import csv, json, statistics as st
rd = lambda f: {r['date']: float(r['temp_max_c']) for r in csv.DictReader(open(f))}
a, b = rd('seattle.csv'), rd('new_york.csv'); d = sorted(a.keys() & b.keys()); x, y = [a[k] for k in d], [b[k] for k in d]
out = dict(seattle=dict(mean_temp_max=round(st.fmean(x), 6)), new_york=dict(mean_temp_max=round(st.fmean(y), 6)),
    joint=dict(common_days=len(d), correlation_temp_max=round(st.correlation(x, y), 8), days_a_warmer=sum(p > q for p, q in zip(x, y)), sum_of_products=round(sum(p * q for p, q in zip(x, y)), 4)))
json.dump(out, open('expected.json', 'w'), indent=1); open('expected.json', 'a').write('\n'); print(json.dumps(out))
