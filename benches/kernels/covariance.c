// The covariance of every two columns of a table of measurements.
#include "kernel.h"

enum { COLUMNS = 320, ROWS = 400, ROUNDS = 22 };

ALIGNED static double start[ROWS][COLUMNS], data[ROWS][COLUMNS];
ALIGNED static double mean[COLUMNS], covariance[COLUMNS][COLUMNS];

static void compute(void) {
  for (int j = 0; j < COLUMNS; j++) {
    mean[j] = 0;
    for (int i = 0; i < ROWS; i++) mean[j] += data[i][j];
    mean[j] /= ROWS;
  }
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLUMNS; j++) data[i][j] -= mean[j];
  for (int i = 0; i < COLUMNS; i++)
    for (int j = i; j < COLUMNS; j++) {
      covariance[i][j] = 0;
      for (int k = 0; k < ROWS; k++) covariance[i][j] += data[k][i] * data[k][j];
      covariance[i][j] /= ROWS - 1.0;
      covariance[j][i] = covariance[i][j];
    }
}

int main(void) {
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLUMNS; j++) start[i][j] = next_unit();
  for (int round = 0; round < ROUNDS; round++) {
    memcpy(data, start, sizeof data);
    data[round][round] += 1.0;
    compute();
    add_double(covariance[round][round]);
  }
  for (int i = 0; i < COLUMNS; i++)
    for (int j = 0; j < COLUMNS; j++) add_double(covariance[i][j]);
  return print_checksum();
}
