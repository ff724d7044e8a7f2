"""Recomputes expected.json in plain Python; expected_ma7_seattle.csv too, with trailing windows."""
import csv, json, statistics as st, collections
rd = lambda f: list(csv.DictReader(open(f)))
def moving(v, k): return [sum(v[i-k+1:i+1]) / k for i in range(k-1, len(v))]     # trailing window, plain re-summation
r = rd('station.csv'); v = [(x['date'], float(x['co2'])) for x in r if x['co2']]; c = [t[1] for t in v]
gaps, n = [], 0
for x in r + [dict(co2='0')]:
    if x['co2'] == '': n += 1
    else: gaps += [n] if n else []; n = 0
full = [i for i in range(4, len(r)) if all(r[j]['co2'] for j in range(i - 4, i + 1))]
mx, mn = max(v, key=lambda t: t[1]), min(v, key=lambda t: t[1])
out = {'co2': dict(rows=len(r), present=len(v), missing=len(r) - len(v), gaps=len(gaps), longest_gap=max(gaps), first=r[0]['date'], last=r[-1]['date'], sum=round(sum(c), 6), mean=round(st.fmean(c), 6),
    standard_deviation=round(st.pstdev(c), 6), minimum=mn[1], minimum_at=mn[0], maximum=mx[1], maximum_at=mx[0], windows=len(full))}
r = rd('seattle.csv'); v = [float(x['temp_max_c']) for x in r]; m = moving(v, 7)
with open('expected_ma7_seattle.csv', 'w', newline='') as o: w = csv.writer(o, lineterminator='\n'); w.writerow(['t', 'mean']); w.writerows((x['date'], f'{b:.6f}') for x, b in zip(r[6:], m))
out['seattle'] = dict(rows=len(r), mean_temp_max=round(st.fmean(v), 6), stdev_pop_temp_max=round(st.pstdev(v), 6), max_temp=max(v))
json.dump(out, open('expected.json', 'w'), indent=1); open('expected.json', 'a').write('\n'); print(json.dumps(out))
