/* Text that repeats itself somewhat, packed at three levels and unpacked again; four rounds of the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { size = 1000000, rounds = 4 };

static unsigned seed = 1;
static unsigned next(void) { return (seed = seed * 1103515245u + 12345u) >> 16; }

int main(void) {
  static const char *const words[] = {"thread ", "waits ", "for ", "an ", "event ", "that ", "nobody ", "signals, ",
                                      "while ", "the ", "loader ", "reads ", "a ", "file\n", "queue ", "semaphore "};
  unsigned char *text = malloc(size + 16), *back = malloc(size);
  unsigned char *packed = malloc(compressBound(size));
  size_t at = 0;
  while (at < size) {
    const char *word = words[next() & next() & 15];
    size_t length = strlen(word);
    memcpy(text + at, word, length);
    at += length;
    if ((next() & 7) == 0) text[at++] = (unsigned char)next();
  }
  unsigned long sum = 0;
  for (int step = 0; step < 3 * rounds; step += 1) {
    int level = 1 + 4 * (step % 3);
    uLongf length = compressBound(size), restored = size;
    if (compress2(packed, &length, text, size, level) != Z_OK) return 1;
    if (uncompress(back, &restored, packed, length) != Z_OK || memcmp(text, back, size) != 0) return 2;
    sum = crc32(sum, packed, (uInt)length);
  }
  printf("%08lx\n", sum);
  return 0;
}
