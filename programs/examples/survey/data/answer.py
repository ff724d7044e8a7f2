"""Recomputes expected.json with Python's statistics module."""
import csv, json, statistics as st, collections
rd = lambda f: list(csv.DictReader(open(f)))
R = [x for p in 'abc' for x in rd(f'pollster_{p}.csv')]
def grp(key, val):
    d = collections.defaultdict(list)
    for x in R: d[x[key]].append(float(x[val]))
    return {k: dict(n=len(v), sum=sum(v), mean=round(st.fmean(v), 6), var_pop=round(st.pvariance(v), 6)) for k, v in sorted(d.items())}
hist = lambda rows, k: dict(sorted(collections.Counter(int(float(x[k])) for x in rows).items()))
out = dict(rows=len(R), rows_per_pollster={p: len(rd(f'pollster_{p}.csv')) for p in 'abc'}, vote_counts=hist(R, 'vote'),
    age_by_vote=grp('vote', 'age'), TVnews_by_vote=grp('vote', 'TVnews'), income_by_educ=grp('educ', 'income'), hist_PID=hist(R, 'PID'), hist_income=hist(R, 'income'),
    vote_by_PID={str(p): [sum(x['PID'] == str(p) and x['vote'] == v for x in R) for v in '01'] for p in range(7)},
    hist_age_decades=dict(sorted(collections.Counter(int(float(x['age'])) // 10 * 10 for x in R).items())), correlation_educ_income=round(st.correlation([float(x['educ']) for x in R], [float(x['income']) for x in R]), 8))
json.dump(out, open('expected.json', 'w'), indent=1); print(json.dumps(out))
