"""Args: peddy-0.4.8/peddy directory. Writes two cohort VCFs (chr22 sites of peddy's 1000 Genomes phase 3 genotypes, GRCh37)."""
import gzip, re, sys, numpy as np
P = sys.argv[1]
lab = np.array([int(x) for x in re.search('"(.*)"', open(P + '/pca.py').readline()).group(1).split('|')])
g = np.frombuffer(gzip.open(P + '/GRCH37.sites.bin.gz').read(), np.uint8).reshape(-1, 2504)
s = [x.strip().split(':') for x in open(P + '/GRCH37.sites')]
keep = [k for k, x in enumerate(s) if x[0] == '22']
GT = ['0/0', '0/1', '1/1']
for name, prefix, code in (('biobank_a', 'EUR', 3), ('biobank_b', 'EAS', 2)):
    col = np.flatnonzero(lab == code)
    with gzip.GzipFile(name + '.vcf.gz', 'wb', 9, mtime=0) as f:
        w = lambda t: f.write(t.encode())
        w('##fileformat=VCFv4.2\n##reference=GRCh37\n##contig=<ID=22,length=51304566>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
        w('\t'.join(['#CHROM', 'POS', 'ID', 'REF', 'ALT', 'QUAL', 'FILTER', 'INFO', 'FORMAT'] + [f'{prefix}{i:04d}' for i in range(1, len(col) + 1)]) + '\n')
        for k in keep:
            w('\t'.join(['22', s[k][1], '.', s[k][2], s[k][3], '.', 'PASS', '.', 'GT'] + [GT[v] for v in g[k, col]]) + '\n')
