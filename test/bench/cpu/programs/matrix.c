#include "start.h"
static i32 a[64][64], b[64][64], c[64][64];
u64 compute(void) {
  u64 sum = 0;
  for (int i = 0; i < 64; i += 1) for (int j = 0; j < 64; j += 1) { a[i][j] = next() & 0xff; b[i][j] = next() & 0xff; }
  for (int round = 0; round < 400; round += 1) {
    for (int i = 0; i < 64; i += 1)
      for (int j = 0; j < 64; j += 1) {
        i32 x = 0;
        for (int k = 0; k < 64; k += 1) x += a[i][k] * b[k][j];
        c[i][j] = x;
      }
    a[round & 63][(round >> 3) & 63] ^= c[round & 63][7];
    sum = sum * 17 + (u32)c[(round * 7) & 63][round & 63];
  }
  return sum;
}
