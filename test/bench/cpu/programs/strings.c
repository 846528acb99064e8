#include "start.h"
static char text[65536];
static int same(const char *a, const char *b, int n) { for (int i = 0; i < n; i += 1) if (a[i] != b[i]) return 0; return 1; }
u64 compute(void) {
  for (int i = 0; i < 65535; i += 1) text[i] = 'a' + (next() % 4);
  static const char *needles[] = {"abcabcab", "ddddc", "bacdbacd", "aaaaaaaa", "cdcdcdab"};
  u64 sum = 0;
  for (int round = 0; round < 60; round += 1)
    for (int n = 0; n < 5; n += 1) {
      int length = 0;
      while (needles[n][length]) length += 1;
      for (int i = 0; i + length < 65535; i += 1)
        if (text[i] == needles[n][0] && same(text + i, needles[n], length)) sum += i * (n + 1);
      text[(round * 977 + n) & 0xffff & 65534] = 'a' + (round & 3);
    }
  return sum;
}
