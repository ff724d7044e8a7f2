"""Independent shortest routes: pyosmium reads the PBF, networkx (Dijkstra) routes, scipy.sparse.csgraph checks the lengths.
Rules: ways whose highway tag is in HW (car network), except access/motor_vehicle = no or private, and except area=yes;
oneway=yes/true/1 or junction=roundabout or highway=motorway -> forward only (oneway=-1 -> backward only, oneway=no -> both);
each consecutive node pair of a way is an edge, weight = haversine metres (R = 6371008.8); parallel edges keep the shortest (equal here);
turn restrictions, speeds and barriers ignored. A query point snaps to the nearest (haversine) node of the largest strongly connected
component (ties: smaller node id)."""
import csv, json, math, sys, osmium, networkx as nx, numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
HW = {a + b for a in ('motorway', 'trunk', 'primary', 'secondary', 'tertiary') for b in ('', '_link')} | {'unclassified', 'residential', 'living_street', 'service', 'road'}
R = 6371008.8
def hav(a, b):
    la, lo, lb, lp = map(math.radians, (*a, *b))
    return 2 * R * math.asin(math.sqrt(math.sin((lb-la)/2)**2 + math.cos(la)*math.cos(lb)*math.sin((lp-lo)/2)**2))
class H(osmium.SimpleHandler):
    def __init__(s): super().__init__(); s.pos = {}; s.ways = []
    def node(s, n): s.pos[n.id] = (n.location.lat, n.location.lon)
    def way(s, w):
        t = w.tags; h = t.get('highway')
        if h not in HW or t.get('area') == 'yes' or t.get('access') in ('no', 'private') or t.get('motor_vehicle') in ('no', 'private'): return
        o = t.get('oneway'); d = 0
        if o in ('yes', 'true', '1') or (o is None and (t.get('junction') == 'roundabout' or h == 'motorway')): d = 1
        elif o in ('-1', 'reverse'): d = -1
        s.ways.append(([n.ref for n in w.nodes], d, t.get('name', '')))
def build(f):
    h = H(); h.apply_file(f); G = nx.DiGraph()
    for ns, d, name in h.ways:
        for a, b in zip(ns, ns[1:]):
            if a == b or a not in h.pos or b not in h.pos: continue
            w = hav(h.pos[a], h.pos[b])
            if d >= 0: G.add_edge(a, b, w=w, name=name)
            if d <= 0: G.add_edge(b, a, w=w, name=name)
    return h, G
out = {}
for area in ('liechtenstein', 'helsinki'):
    h, G = build(area + '.osm.pbf'); S = max(nx.strongly_connected_components(G), key=len); ids = sorted(S); ix = {n: i for i, n in enumerate(ids)}
    e = [(ix[a], ix[b], d['w']) for a, b, d in G.edges(data=True) if a in S and b in S]
    M = csr_matrix(([x[2] for x in e], ([x[0] for x in e], [x[1] for x in e])), shape=(len(ids), len(ids)))
    res = []
    for q in csv.DictReader(open(area + '_queries.csv')):
        p = [(float(q['from_lat']), float(q['from_lon'])), (float(q['to_lat']), float(q['to_lon']))]
        s, t = (min(ids, key=lambda n: (hav(x, h.pos[n]), n)) for x in p)
        L, path = nx.single_source_dijkstra(G, s, t, weight='w'); L2 = dijkstra(M, indices=ix[s])[ix[t]]; assert abs(L - L2) < 1e-6 * L
        st = []
        for a, b in zip(path, path[1:]):
            if G[a][b]['name'] and (not st or st[-1] != G[a][b]['name']): st.append(G[a][b]['name'])
        res.append(dict(query=q['id'], from_place=q['from_place'], to_place=q['to_place'], from_node=s, to_node=t, length_m=round(L, 3), nodes_on_path=len(path), streets=st))
    out[area] = dict(pbf_nodes=len(h.pos), car_ways=len(h.ways), graph_nodes=G.number_of_nodes(), graph_edges=G.number_of_edges(), largest_scc_nodes=len(ids), largest_scc_edges=len(e), routes=res)
json.dump(out, open('expected.json', 'w'), indent=1, ensure_ascii=False); print(json.dumps(out, indent=1, ensure_ascii=False))
