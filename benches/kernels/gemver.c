// Vector products and a matrix: A += u1 v1' + u2 v2', x = beta A' y + z, w = alpha A x.
#include "kernel.h"

enum { N = 1024, ROUNDS = 110 };

ALIGNED static double a[N][N], u1[N], v1[N], u2[N], v2[N], x[N], y[N], z[N], w[N];

static void gemver(double alpha, double beta) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = a[i][j] + u1[i] * v1[j] + u2[i] * v2[j];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) x[i] = x[i] + beta * a[j][i] * y[j];
  for (int i = 0; i < N; i++) x[i] = x[i] + z[i];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) w[i] = w[i] + alpha * a[i][j] * x[j];
}

int main(void) {
  for (int i = 0; i < N; i++) {
    u1[i] = next_unit() / N;
    v1[i] = next_unit() / N;
    u2[i] = next_unit() / N;
    v2[i] = next_unit() / N;
    y[i] = next_unit() / N;
    z[i] = next_unit() / N;
    for (int j = 0; j < N; j++) a[i][j] = next_unit() / N;
  }
  for (int round = 0; round < ROUNDS; round++) gemver(1.5, 0.25);
  for (int i = 0; i < N; i++) add_double(w[i]);
  return print_checksum();
}
