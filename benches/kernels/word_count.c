// Words of a text, hashed byte by byte and counted in a table with open addressing.
#include "kernel.h"

enum { TEXT = 4 << 20, SLOTS = 1 << 16, ROUNDS = 40 };

struct slot {
  uint32_t start, length, count;
};

ALIGNED static char text[TEXT];
ALIGNED static struct slot table[SLOTS];

static uint32_t hash(const char *word, uint32_t length) {
  uint32_t value = 2166136261u;
  for (uint32_t i = 0; i < length; i++) value = (value ^ (unsigned char)word[i]) * 16777619u;
  return value ^ value >> 15;
}

static int same(const char *one, const char *other, uint32_t length) {
  for (uint32_t i = 0; i < length; i++)
    if (one[i] != other[i]) return 0;
  return 1;
}

static void count(uint32_t start, uint32_t length) {
  uint32_t at = hash(text + start, length) % SLOTS;
  while (table[at].count != 0) {
    if (table[at].length == length && same(text + table[at].start, text + start, length)) break;
    at = (at + 1) % SLOTS;
  }
  if (table[at].count == 0) {
    table[at].start = start;
    table[at].length = length;
  }
  table[at].count++;
}

static void count_all(void) {
  uint32_t start = 0;
  for (uint32_t at = 0; at < TEXT; at++)
    if (text[at] == ' ') {
      if (at > start) count(start, at - start);
      start = at + 1;
    }
}

// One of about 20,000 words of 3 to 11 letters.
static uint32_t write_word(uint32_t at) {
  uint64_t word = next_random() % 20000 * 0x9e3779b97f4a7c15u;
  uint32_t length = 3 + (uint32_t)(word >> 32) % 9;
  for (uint32_t i = 0; i < length && at < TEXT - 1; i++, word = word >> 5 | word << 59)
    text[at++] = (char)('a' + word % 26);
  text[at++] = ' ';
  return at;
}

int main(void) {
  for (uint32_t at = 0; at < TEXT;) at = write_word(at);
  for (int round = 0; round < ROUNDS; round++) {
    memset(table, 0, sizeof table);
    text[round] ^= 1;
    count_all();
    for (uint32_t at = 0; at < SLOTS; at++) add_word((uint64_t)table[at].length << 32 | table[at].count);
  }
  return print_checksum();
}
