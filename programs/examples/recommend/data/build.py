"""Makes two shops' click logs: synthetic, with a fixed seed. People have one or two of twelve tastes, and click at either shop on what is to their taste."""
import csv, random
g = random.Random(20261120)
TASTES, ITEMS = 12, {'north': 40, 'south': 60}
items = {shop: [(i, g.randrange(TASTES), g.paretovariate(1.2)) for i in range(count)] for shop, count in ITEMS.items()}
rows = {shop: set() for shop in ITEMS}
for user in range(1800):
    tastes = g.sample(range(TASTES), g.choice((1, 1, 2)))
    for shop in ITEMS:
        if g.random() > {'north': 0.6, 'south': 0.8}[shop]: continue
        for _ in range(min(12, int(g.expovariate(1 / 3)) + 1)):
            fitting = [x for x in items[shop] if g.random() < 0.2 or x[1] in tastes]
            item = g.choices(fitting, [x[2] for x in fitting])[0]
            rows[shop].add((f'u{user:04}', f'{shop[0]}{item[0]:02}'))
for shop, clicks in rows.items():
    with open(f'{shop}.csv', 'w', newline='') as f: w = csv.writer(f, lineterminator='\n'); w.writerow(['user_id', 'item_id']); w.writerows(sorted(clicks))
