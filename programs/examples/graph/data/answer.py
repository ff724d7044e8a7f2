import csv, json, itertools, collections, networkx as nx
out = {}
for name in ('karate', 'lesmis'):
    P = {p: [tuple(map(int, r)) for r in list(csv.reader(open(f'{name}/{p}.csv')))[1:]] for p in ('alpha', 'beta')}
    def mk(es):
        g = nx.Graph(); g.add_weighted_edges_from(es); return g
    G = mk(P['alpha'] + P['beta']); assert not {e[:2] for e in P['alpha']} & {e[:2] for e in P['beta']}
    tri = lambda g: sum(nx.triangles(g).values()) // 3
    cn = collections.Counter()                                    # common neighbours by direct count over each node's neighbour pairs
    for n in G: cn.update(itertools.combinations(sorted(G[n]), 2))
    assert sum(c for (u, v), c in cn.items() if G.has_edge(u, v)) == 3 * tri(G)   # cross-check of the triangle count
    order = lambda it: sorted(it, key=lambda x: (-x[1], x[0]))[:10]
    pr = nx.pagerank(G, alpha=0.85, weight=None, tol=1e-13, max_iter=1000); prw = nx.pagerank(G, alpha=0.85, weight='weight', tol=1e-13, max_iter=1000)
    out[name] = dict(nodes=G.number_of_nodes(), edges=G.number_of_edges(), edges_a=len(P['alpha']), edges_b=len(P['beta']), sum_weights=sum(e[2] for p in P.values() for e in p),
        connected_components=nx.number_connected_components(G), max_degree=max(d for _, d in G.degree),
        triangles=tri(G), triangles_inside_a_only=tri(mk(P['alpha'])), triangles_inside_b_only=tri(mk(P['beta'])),
        pairs_with_a_common_neighbour=len(cn), top10_common_neighbours=[[*k, c] for k, c in order(cn.items())],
        top10_common_neighbours_not_adjacent=[[*k, c] for k, c in order((k, c) for k, c in cn.items() if not G.has_edge(*k))],
        pagerank_top10=[[n, round(v, 8)] for n, v in order(pr.items())], pagerank_weighted_top10=[[n, round(v, 8)] for n, v in order(prw.items())])
json.dump(out, open('expected.json', 'w'), separators=(', ', ': ')); print(json.dumps(out))
