"""onnxruntime on the CPU, checked against the ONNX reference evaluator (pure numpy) of the onnx package."""
import csv, json, numpy as np, onnx, onnxruntime as ort
from onnx.reference import ReferenceEvaluator
out = {'onnxruntime': ort.__version__, 'onnx': onnx.__version__}
def load(f):
    m = onnx.load(f); s = ort.InferenceSession(f, providers=['CPUExecutionProvider']); n = s.get_inputs()[0].name; ref = ReferenceEvaluator(f)
    info = dict(input=n, output=s.get_outputs()[0].name, ops=[k.op_type for k in m.graph.node], parameters=int(sum(np.prod(i.dims) for i in m.graph.initializer if i.data_type == 1)))
    return info, lambda x: s.run(None, {n: x})[0], lambda x: ref.run(None, {n: x})[0]
R = lambda f: np.array(list(csv.reader(open(f)))[1:], np.float32)
I, t = R('digits_inputs.csv'), R('digits_true_labels.csv')[:, 1].astype(int); X = np.ascontiguousarray(I[:, 1:])
for n in ('digits_linear', 'digits_mlp'):
    info, run, ref = load(n + '.onnx'); y, z = run(X), ref(X); p = y.argmax(1)
    top2 = np.sort(y, 1)[:, -2:]
    out[n] = dict(info, rows=len(t), correct=int((p == t).sum()), accuracy=round(float((p == t).mean()), 6), smallest_margin_top1_top2=round(float((top2[:, 1] - top2[:, 0]).min()), 5), max_abs_difference_to_reference_evaluator=float(f'{abs(y - z).max():.1g}'))
    with open(n + '_expected.csv', 'w', newline='') as f: w = csv.writer(f, lineterminator='\n'); w.writerow(['row_id', 'predicted'] + [f'logit{k}' for k in range(10)]); w.writerows([int(i), int(a), *(f'{v:.5f}' for v in r)] for i, a, r in zip(I[:, 0], p, y))
json.dump(out, open('expected.json', 'w'), indent=1); print(json.dumps(out))
