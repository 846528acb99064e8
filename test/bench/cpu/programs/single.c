#include "start.h"
static float x[1024], y[1024], tap[16];
u64 compute(void) {
  for (int i = 0; i < 1024; i += 1) x[i] = (float)(i32)(next() & 0xffff) / 65536.0f;
  for (int i = 0; i < 16; i += 1) tap[i] = (float)(i + 1) / 140.0f;
  for (int round = 0; round < 2000; round += 1) {
    for (int i = 0; i < 1008; i += 1) {
      float sum = 0;
      for (int k = 0; k < 16; k += 1) sum += x[i + k] * tap[k];
      y[i] = sum;
    }
    for (int i = 0; i < 1008; i += 1) x[i] = y[i] * 0.9f + x[i] * 0.125f;
  }
  union { float f; u32 u; } out = { 0 };
  for (int i = 0; i < 1024; i += 1) out.f += x[i];
  return out.u;
}
