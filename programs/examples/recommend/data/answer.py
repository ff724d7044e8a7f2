"""Recomputes expected.json and the expected files in plain Python, by the rules in README.md. Args: minimum, and the two logs (north.csv and south.csv by default)."""
import csv, json, math, sys, collections
minimum = int(sys.argv[1]) if len(sys.argv) > 1 else 5
files = sys.argv[2:] or ['north.csv', 'south.csv']
TOP, EVERY = 5, 5
def fnv(text):
    h = 0xcbf29ce484222325
    for b in text.encode(): h = (h ^ b) * 0x100000001b3 & 0xffffffffffffffff
    return h
def load(f):
    by = collections.defaultdict(set)
    for r in csv.DictReader(open(f)): by[r['user_id']].add(r['item_id'])
    return by
logs = [load(f) for f in files]
def similar(users):      # users: {user: set of items}
    n = collections.Counter(i for s in users.values() for i in s); co = collections.Counter()
    for s in users.values(): co.update((i, j) for i in s for j in s if i != j)
    sim = collections.defaultdict(dict)
    for (i, j), c in co.items():
        if c >= minimum: sim[i][j] = c / math.sqrt(n[i] * n[j])
    return n, co, sim
def ranked(model, mine, candidates):
    n, _, sim = model; score = collections.defaultdict(float)
    for i in sorted(mine):
        for j, v in sim[i].items(): score[j] += v
    left = [j for j in candidates if j not in mine]
    return sorted(left, key=lambda j: (-round(score[j], 9), -n[j], j))[:TOP], score
both = lambda logs: {u: {(k, i) for k, l in enumerate(logs) for i in l.get(u, ())} for u in set().union(*logs)}
model = similar(both(logs)); n, co, sim = model
pairs = sorted(((i[1], j[1], co[i, j], sim[i][j]) for i in sim for j in sim[i] if i[0] == 0 and j[0] == 1), key=lambda p: (-round(p[3], 9), p[0], p[1]))
with open('expected_pairs.csv', 'w', newline='') as f: w = csv.writer(f, lineterminator='\n'); w.writerow(['first', 'second', 'users', 'similarity']); w.writerows((a, b, c, f'{s:.6f}') for a, b, c, s in pairs)
# Hide one click of every fifth user of a shop, and see who finds it.
out = {}
for k, name in enumerate(files):
    hidden = {}
    for u, s in logs[k].items():
        h = fnv(u)
        if h % EVERY == 0: o = sorted(s); hidden[u] = o[(h // EVERY) % len(o)]
    train = [dict(l) for l in logs]; train[k] = {u: s - {hidden.get(u)} for u, s in logs[k].items()}
    alone, joint = similar({u: {(k, i) for i in s} for u, s in train[k].items()}), similar(both(train))
    res = {}
    for label, m, items_of in (('alone', alone, lambda u: {(k, i) for i in train[k][u]}), ('together', joint, lambda u: {(q, i) for q, l in enumerate(train) for i in l.get(u, ())})):
        catalogue = sorted({(k, i) for s in logs[k].values() for i in s})
        res[label] = sum((k, hidden[u]) in ranked(m, items_of(u), catalogue)[0] for u in hidden)
    out[name.rsplit('/', 1)[-1].split('.')[0]] = dict(hidden=len(hidden), found_alone=res['alone'], found_together=res['together'])
print(json.dumps(out))
if not sys.argv[2:]: json.dump(out, open('expected.json', 'w'), indent=1); open('expected.json', 'a').write('\n')
