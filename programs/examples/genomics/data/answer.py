"""Recomputes expected.json and expected_counts.csv with scipy."""
import csv, gzip, json, re
from scipy.stats import chi2_contingency, chi2
def read(f):
    out = {}
    for l in gzip.open(f, 'rt'):
        if l[0] == '#': continue
        p = l.rstrip('\n').split('\t'); k = (p[0], int(p[1]), p[3], p[4])
        al = [a for x in p[9:] for a in re.split('[/|]', x.split(':')[0])]
        out[k] = (sum(a not in ('0', '.') for a in al), sum(a != '.' for a in al))     # alt-allele count AC, called alleles AN
    return out
A, B = read('biobank_a.vcf.gz'), read('biobank_b.vcf.gz'); assert list(A) == list(B)
rows = []
for k in A:
    (ca, na), (cb, nb) = A[k], B[k]; x = 0.0
    if 0 < ca + cb < na + nb: x = float(chi2_contingency([[ca, na - ca], [cb, nb - cb]], correction=False)[0])
    rows.append([*k, ca, na, cb, nb, ca + cb, na + nb, round((ca + cb) / (na + nb), 6), round(x, 4)])
with open('expected_counts.csv', 'w', newline='') as f:
    w = csv.writer(f, lineterminator='\n'); w.writerow('chrom pos ref alt ac_a an_a ac_b an_b ac an af chi2'.split()); w.writerows(rows)
top = sorted(rows, key=lambda r: (-r[-1], r[1]))[:10]
out = dict(sites=len(rows), samples_a=rows[0][5] // 2, samples_b=rows[0][7] // 2, total_ac_a=sum(r[4] for r in rows), total_ac_b=sum(r[6] for r in rows),
    monomorphic_in_both=sum(r[8] in (0, r[9]) for r in rows), seen_only_in_a=sum(r[4] > 0 and r[6] == 0 for r in rows), seen_only_in_b=sum(r[6] > 0 and r[4] == 0 for r in rows),
    sites_with_p_below_bonferroni_5e_2_over_612=sum(int(chi2.sf(r[-1], 1) < 0.05 / len(rows)) for r in rows),
    top10_allelic_chi2=[dict(zip('chrom pos ref alt ac_a an_a ac_b an_b ac an af chi2'.split(), r)) for r in top])
json.dump(out, open('expected.json', 'w'), indent=1); print(json.dumps(out)[:3000])
