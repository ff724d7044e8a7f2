// Shortest paths between all pairs, in 32-bit integers.
#include "kernel.h"

enum { N = 448, ROUNDS = 12 };

ALIGNED static int32_t edges[N][N], path[N][N];

static void shortest(void) {
  for (int k = 0; k < N; k++)
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) {
        int32_t over = path[i][k] + path[k][j];
        path[i][j] = path[i][j] < over ? path[i][j] : over;
      }
}

int main(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) edges[i][j] = i == j ? 0 : (int32_t)(next_random() % 100000) + 1;
  for (int round = 0; round < ROUNDS; round++) {
    memcpy(path, edges, sizeof path);
    path[round][round + 1] = 1;
    shortest();
    add_word((uint64_t)path[N - 1][0]);
  }
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) add_word((uint64_t)path[i][j]);
  return print_checksum();
}
