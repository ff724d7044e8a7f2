// Five-point stencil over a grid, back and forth between two copies.
#include "kernel.h"

enum { N = 768, STEPS = 1500 };

ALIGNED static double here[N][N], there[N][N];

static void step(double to[N][N], double from[N][N]) {
  for (int i = 1; i < N - 1; i++)
    for (int j = 1; j < N - 1; j++)
      to[i][j] =
          0.2 * (from[i][j] + from[i][j - 1] + from[i][j + 1] + from[i + 1][j] + from[i - 1][j]);
}

int main(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) here[i][j] = there[i][j] = next_unit();
  for (int time = 0; time < STEPS; time++) {
    step(there, here);
    step(here, there);
  }
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) add_double(here[i][j]);
  return print_checksum();
}
