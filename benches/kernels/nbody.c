// Bodies that attract each other, all pairs: square roots and divisions that depend on each other.
#include <math.h>

#include "kernel.h"

enum { N = 400, STEPS = 1200 };

ALIGNED static double x[N], y[N], z[N], vx[N], vy[N], vz[N], mass[N];

static void step(double time) {
  for (int i = 0; i < N; i++) {
    double ax = 0, ay = 0, az = 0;
    for (int j = 0; j < N; j++) {
      double dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
      double square = dx * dx + dy * dy + dz * dz + 1e-3;
      double pull = mass[j] / (square * sqrt(square));
      ax += pull * dx;
      ay += pull * dy;
      az += pull * dz;
    }
    vx[i] += time * ax;
    vy[i] += time * ay;
    vz[i] += time * az;
  }
  for (int i = 0; i < N; i++) {
    x[i] += time * vx[i];
    y[i] += time * vy[i];
    z[i] += time * vz[i];
  }
}

int main(void) {
  for (int i = 0; i < N; i++) {
    x[i] = next_unit();
    y[i] = next_unit();
    z[i] = next_unit();
    mass[i] = next_unit() / N;
  }
  for (int time = 0; time < STEPS; time++) step(1e-3);
  for (int i = 0; i < N; i++) {
    add_double(x[i]);
    add_double(y[i]);
    add_double(z[i]);
  }
  return print_checksum();
}
