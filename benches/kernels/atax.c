// A matrix, transposed, times the matrix times a vector: y = A' (A x).
#include "kernel.h"

enum { N = 1024, ROUNDS = 600 };

ALIGNED static double a[N][N], x[N], y[N], between[N];

static void atax(void) {
  for (int i = 0; i < N; i++) y[i] = 0;
  for (int i = 0; i < N; i++) {
    between[i] = 0;
    for (int j = 0; j < N; j++) between[i] = between[i] + a[i][j] * x[j];
    for (int j = 0; j < N; j++) y[j] = y[j] + a[i][j] * between[i];
  }
}

int main(void) {
  for (int i = 0; i < N; i++) {
    x[i] = next_unit();
    for (int j = 0; j < N; j++) a[i][j] = next_unit() / N;
  }
  for (int round = 0; round < ROUNDS; round++) {
    atax();
    x[round] += y[round];
  }
  for (int i = 0; i < N; i++) add_double(y[i]);
  return print_checksum();
}
