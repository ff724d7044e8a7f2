// What the kernels share: numbers to start from, and the checksum that both builds must agree on.
#ifndef KERNEL_H
#define KERNEL_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Arrays start at a cache line in both worlds, so that neither is slowed by where it happens to
// put them.
#define ALIGNED _Alignas(64)

// xorshift64: the same sequence everywhere.
static uint64_t random_state = 0x9e3779b97f4a7c15u;

static inline uint64_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

// In [0, 1).
static inline double next_unit(void) { return (double)(next_random() >> 11) * 0x1p-53; }

static uint64_t checksum = 0xcbf29ce484222325u;

static inline void add_word(uint64_t word) {
  checksum = (checksum ^ word) * 0x100000001b3u;
  checksum ^= checksum >> 29;
}

// By its bits: native and WebAssembly must agree on every one of them.
static inline void add_double(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  add_word(bits);
}

static inline int print_checksum(void) { return printf("%016" PRIx64 "\n", checksum) < 0; }

#endif
