#include "../start.h"
#include "../vectors.h"
/* The peer of figures.ts' VMX128 program, for this machine alone. */
static float data[1024] __attribute__((aligned(16)));
u64 compute(void) {
  for (int i = 0; i < 1024; i += 1) data[i] = (float)(i32)(next() & 0xffff) / 65536.0f;
  vector float *v = (vector float *)data, scale = {0.5f, 0.25f, 0.75f, 0.875f}, add = {0.125f, 0.5f, 0.25f, 0.0625f}, sum = {0, 0, 0, 0};
  for (int round = 0; round < 160000; round += 1)
    for (int i = 0; i < 256; i += 1) {
      v[i] = vec_madd(v[i], scale, add);
      sum = vec_madd(sum, scale, v[i]);
    }
  u32 out[4] __attribute__((aligned(16)));
  vec_st(sum, 0, (float *)out);
  return ((u64)(out[0] ^ out[1]) << 32) | (out[2] ^ out[3]);
}
