"""Recomputes expected.json and expected_result.csv in plain Python."""
import csv, json, collections
rd = lambda f: list(csv.DictReader(open(f)))
bids = collections.defaultdict(list); res = {int(x['lot']): int(x['reserve']) for x in rd('seller.csv')}
for b in 'abcd':
    for x in rd(f'bidder_{b}.csv'): bids[int(x['lot'])].append((-int(x['bid']), b))      # highest bid; ties to the earlier letter
win, rows = collections.Counter(), []
for l in sorted(res):
    o = sorted(bids[l])
    if o and -o[0][0] >= res[l]:
        price = max([res[l]] + ([-o[1][0]] if len(o) > 1 else [])); rows.append([l, o[0][1], price]); win[o[0][1]] += 1
with open('expected_result.csv', 'w', newline='') as f: w = csv.writer(f, lineterminator='\n'); w.writerow(['lot', 'winner', 'price']); w.writerows(rows)
out = dict(lots=len(res), bids=sum(map(len, bids.values())), sold=len(rows), unsold=len(res) - len(rows), revenue=sum(r[2] for r in rows), lots_won=dict(sorted(win.items())), first5=rows[:5])
json.dump(out, open('expected.json', 'w'), indent=1); print(json.dumps(out))
