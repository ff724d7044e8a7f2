// Matrix product in double precision: C = alpha A B + beta C.
#include "kernel.h"

enum { N = 384, ROUNDS = 60 };

ALIGNED static double a[N][N], b[N][N], c[N][N];

static void gemm(double alpha, double beta) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) c[i][j] *= beta;
    for (int k = 0; k < N; k++)
      for (int j = 0; j < N; j++) c[i][j] += alpha * a[i][k] * b[k][j];
  }
}

int main(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = next_unit();
      b[i][j] = next_unit();
    }
  for (int round = 0; round < ROUNDS; round++) gemm(1.5, 0.25);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) add_double(c[i][j]);
  return print_checksum();
}
