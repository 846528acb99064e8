#include "start.h"
static u32 v[8192];
static void quick(i32 lo, i32 hi) {
  while (lo < hi) {
    u32 pivot = v[(lo + hi) >> 1];
    i32 i = lo, j = hi;
    while (i <= j) {
      while (v[i] < pivot) i += 1;
      while (v[j] > pivot) j -= 1;
      if (i <= j) { u32 t = v[i]; v[i] = v[j]; v[j] = t; i += 1; j -= 1; }
    }
    if (j - lo < hi - i) { quick(lo, j); lo = i; } else { quick(i, hi); hi = j; }
  }
}
u64 compute(void) {
  u64 sum = 0;
  for (int round = 0; round < 150; round += 1) {
    for (int i = 0; i < 8192; i += 1) v[i] = next();
    quick(0, 8191);
    for (int i = 0; i < 8192; i += 64) sum = sum * 33 + v[i];
  }
  return sum;
}
