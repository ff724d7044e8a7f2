// Binary searches for random numbers in an array that is larger than the caches near the core.
//
// Not one of the eight, because its ratio says more of the machine's load than of the code. Natively
// the loop is compiled to a branch, and the processor fetches the next place while it still
// compares; as WebAssembly it is a conditional move, which waits for memory. On a quiet machine that
// is the faster of the two, on a busy one it takes up to 2.6 times as long.
#include "kernel.h"

enum { N = 1 << 20, SEARCHES = 3000000 };

ALIGNED static uint32_t values[N];

static uint32_t position(uint32_t value) {
  uint32_t low = 0, high = N;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (values[middle] < value)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

int main(void) {
  uint32_t value = 0;
  for (int i = 0; i < N; i++) values[i] = value += (uint32_t)(next_random() % 8000);
  for (int i = 0; i < SEARCHES; i++) add_word(position((uint32_t)next_random()));
  return print_checksum();
}
