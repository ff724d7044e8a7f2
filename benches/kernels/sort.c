// Quicksort with insertion sort for short parts.
#include "kernel.h"

enum { N = 1 << 20, ROUNDS = 10, SHORT = 16 };

ALIGNED static uint32_t values[N];

static void insertion_sort(uint32_t *from, uint32_t *to) {
  for (uint32_t *next = from + 1; next < to; next++) {
    uint32_t value = *next, *hole = next;
    for (; hole > from && hole[-1] > value; hole--) *hole = hole[-1];
    *hole = value;
  }
}

static uint32_t median(uint32_t a, uint32_t b, uint32_t c) {
  if (a > b) {
    uint32_t swap = a;
    a = b;
    b = swap;
  }
  return c < a ? a : c > b ? b : c;
}

static void sort(uint32_t *from, uint32_t *to) {
  while (to - from > SHORT) {
    uint32_t pivot = median(*from, from[(to - from) / 2], to[-1]);
    uint32_t *low = from, *high = to - 1;
    for (;;) {
      while (*low < pivot) low++;
      while (*high > pivot) high--;
      if (low >= high) break;
      uint32_t swap = *low;
      *low++ = *high;
      *high-- = swap;
    }
    // The shorter part by recursion, the longer one by going round.
    if (low - from < to - low) {
      sort(from, low);
      from = low;
    } else {
      sort(low, to);
      to = low;
    }
  }
  insertion_sort(from, to);
}

int main(void) {
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < N; i++) values[i] = (uint32_t)next_random();
    sort(values, values + N);
    for (int i = 1; i < N; i++)
      if (values[i - 1] > values[i]) return 1;
    add_word(values[N / 2]);
  }
  for (int i = 0; i < N; i += 61) add_word(values[i]);
  return print_checksum();
}
