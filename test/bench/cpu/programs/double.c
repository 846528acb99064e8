#include "start.h"
static double a[48][48], b[48][48], c[48][48];
u64 compute(void) {
  for (int i = 0; i < 48; i += 1) for (int j = 0; j < 48; j += 1) { a[i][j] = (double)(i32)(next() & 0xffff) / 65536.0; b[i][j] = (double)(i32)(next() & 0xffff) / 32768.0; }
  for (int round = 0; round < 400; round += 1)
    for (int i = 0; i < 48; i += 1)
      for (int j = 0; j < 48; j += 1) {
        double x = 0;
        for (int k = 0; k < 48; k += 1) x += a[i][k] * b[k][j];
        c[i][j] = x * 0.01 + c[i][j] / 1.5;
      }
  union { double d; u64 u; } out = { 0 };
  for (int i = 0; i < 48; i += 1) for (int j = 0; j < 48; j += 1) out.d += c[i][j];
  return out.u;
}
