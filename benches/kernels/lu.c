// LU decomposition in place, without pivoting, of a matrix with a heavy diagonal.
#include "kernel.h"

enum { N = 512, ROUNDS = 32 };

ALIGNED static double start[N][N], a[N][N];

static void decompose(void) {
  for (int k = 0; k < N; k++)
    for (int i = k + 1; i < N; i++) {
      a[i][k] /= a[k][k];
      for (int j = k + 1; j < N; j++) a[i][j] -= a[i][k] * a[k][j];
    }
}

int main(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) start[i][j] = next_unit() + (i == j ? N : 0);
  for (int round = 0; round < ROUNDS; round++) {
    memcpy(a, start, sizeof a);
    a[round][round] += 1.0;
    decompose();
    add_double(a[N - 1][N - 1]);
  }
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) add_double(a[i][j]);
  return print_checksum();
}
