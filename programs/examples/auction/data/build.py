"""Makes the bids and the reserve prices: they are synthetic."""
import csv, random
def wr(f, h, rows):
    with open(f, 'w', newline='') as o: w = csv.writer(o, lineterminator='\n'); w.writerow(h); w.writerows(rows)
g = random.Random(20261120); lots = [(l, round(g.lognormvariate(7, 0.8))) for l in range(1, 201)]       # whole euros
wr('seller.csv', ['lot', 'reserve'], [(l, round(v * 0.8)) for l, v in lots])
for b in 'abcd': wr(f'bidder_{b}.csv', ['lot', 'bid'], [(l, max(1, round(v * g.lognormvariate(0, 0.25)))) for l, v in lots if g.random() < 0.7])
