"""Writes karate and lesmis from networkx, each edge dealt to one of two parties."""
import csv, hashlib, os, networkx as nx
def write(name, edges):
    os.makedirs(name, exist_ok=True); parts = {'alpha': [], 'beta': []}
    for u, v, w in sorted(edges): parts['alpha' if hashlib.sha256(f'{u},{v}'.encode()).digest()[0] & 1 else 'beta'].append((u, v, w))
    for p, es in parts.items():
        with open(f'{name}/{p}.csv', 'w', newline='') as f:
            w = csv.writer(f, lineterminator='\n'); w.writerow(['u', 'v', 'weight']); w.writerows(es)
def num(G):
    ids = {n: i for i, n in enumerate(G.nodes)}; return ids, [(*sorted((ids[u], ids[v])), d.get('weight', 1)) for u, v, d in G.edges(data=True)]
write('karate', num(nx.karate_club_graph())[1])
ids, e = num(nx.les_miserables_graph()); write('lesmis', e)
with open('lesmis/names.csv', 'w', newline='') as f: w = csv.writer(f, lineterminator='\n'); w.writerow(['id', 'name']); w.writerows((i, n) for n, i in ids.items())
