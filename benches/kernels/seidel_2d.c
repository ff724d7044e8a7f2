// Nine-point stencil over a grid in place: each point waits for the one before it.
#include "kernel.h"

enum { N = 400, STEPS = 450 };

ALIGNED static double a[N][N];

static void step(void) {
  for (int i = 1; i < N - 1; i++)
    for (int j = 1; j < N - 1; j++)
      a[i][j] = (a[i - 1][j - 1] + a[i - 1][j] + a[i - 1][j + 1] + a[i][j - 1] + a[i][j] +
                 a[i][j + 1] + a[i + 1][j - 1] + a[i + 1][j] + a[i + 1][j + 1]) /
                9.0;
}

int main(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = next_unit();
  for (int time = 0; time < STEPS; time++) step();
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) add_double(a[i][j]);
  return print_checksum();
}
