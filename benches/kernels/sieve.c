// Primes below 2^24, a bit a number, then counted by population count.
#include "kernel.h"

enum { LIMIT = 1 << 24, WORDS = LIMIT / 64, ROUNDS = 24 };

ALIGNED static uint64_t composite[WORDS];

static void sieve(uint32_t first) {
  memset(composite, 0, sizeof composite);
  for (uint32_t candidate = first; candidate * candidate < LIMIT; candidate++) {
    if (composite[candidate / 64] >> (candidate % 64) & 1) continue;
    for (uint32_t multiple = candidate * candidate; multiple < LIMIT; multiple += candidate)
      composite[multiple / 64] |= (uint64_t)1 << (multiple % 64);
  }
}

int main(void) {
  for (int round = 0; round < ROUNDS; round++) {
    sieve(2 + (uint32_t)round % 2);
    uint64_t count = 0;
    for (int word = 0; word < WORDS; word++) count += (uint64_t)__builtin_popcountll(~composite[word]);
    add_word(count);
  }
  for (int word = 0; word < WORDS; word += 61) add_word(composite[word]);
  return print_checksum();
}
