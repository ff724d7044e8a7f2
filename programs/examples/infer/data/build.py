"""Trains the two digits models on scikit-learn's copy of the UCI optical digits (rows i with i % 5 != 0) and writes them as ONNX opset 13 (Gemm / Relu only, logits out)."""
import csv, numpy as np, onnx, warnings
from onnx import helper as h, numpy_helper as nh, TensorProto as T
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
X, y = load_digits(return_X_y=True); te = np.arange(len(y)) % 5 == 0
def save(name, layers):
    nodes, init, x = [], [], 'x'
    for k, (W, b) in enumerate(layers):
        o = 'logits' if k == len(layers) - 1 else f'g{k}'
        init += [nh.from_array(W.astype(np.float32), f'W{k}'), nh.from_array(b.astype(np.float32), f'b{k}')]; nodes.append(h.make_node('Gemm', [x, f'W{k}', f'b{k}'], [o])); x = o
        if o != 'logits': nodes.append(h.make_node('Relu', [o], [f'r{k}'])); x = f'r{k}'
    m = h.make_model(h.make_graph(nodes, name, [h.make_tensor_value_info('x', T.FLOAT, ['n', 64])], [h.make_tensor_value_info('logits', T.FLOAT, ['n', 10])], init), opset_imports=[h.make_opsetid('', 13)], ir_version=8)
    onnx.checker.check_model(m); onnx.save(m, name + '.onnx')
warnings.simplefilter('ignore')
L = LogisticRegression(C=0.01, max_iter=2000).fit(X[~te], y[~te]); save('digits_linear', [(L.coef_.T, L.intercept_)])
M = MLPClassifier((32,), random_state=0, max_iter=400, alpha=0.01).fit(X[~te], y[~te]); save('digits_mlp', list(zip(M.coefs_, M.intercepts_)))
with open('digits_inputs.csv', 'w', newline='') as f:
    w = csv.writer(f, lineterminator='\n'); w.writerow(['row_id'] + [f'p{r}{c}' for r in range(8) for c in range(8)]); w.writerows([int(i)] + [int(v) for v in X[i]] for i in np.flatnonzero(te))
with open('digits_true_labels.csv', 'w', newline='') as f: w = csv.writer(f, lineterminator='\n'); w.writerow(['row_id', 'digit']); w.writerows([int(i), int(y[i])] for i in np.flatnonzero(te))
