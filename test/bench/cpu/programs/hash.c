#include "start.h"
static u64 keys[16384], values[16384];
static u64 mix(u64 x) { x ^= x >> 33; x *= 0xff51afd7ed558ccdull; x ^= x >> 33; x *= 0xc4ceb9fe1a85ec53ull; return x ^ (x >> 33); }
u64 compute(void) {
  u64 sum = 0;
  for (u64 i = 1; i < 16000000; i += 1) {
    u64 key = (u32)i * 7u % 9001u + 1;
    u32 at = mix(key) & 16383;
    while (keys[at] != 0 && keys[at] != key) at = (at + 1) & 16383;
    keys[at] = key;
    values[at] += i;
    sum ^= values[at];
  }
  return sum;
}
