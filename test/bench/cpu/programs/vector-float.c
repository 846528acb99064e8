#include "start.h"
#include "vectors.h"
static float data[1024] __attribute__((aligned(16)));
u64 compute(void) {
  for (int i = 0; i < 1024; i += 1) data[i] = (float)(i32)(next() & 0xffff) / 65536.0f;
  vector float *v = (vector float *)data, scale = {0.5f, 0.25f, 0.75f, 0.875f}, add = {0.125f, 0.5f, 0.25f, 0.0625f}, sum = {0, 0, 0, 0};
  for (int round = 0; round < 15000; round += 1)
    for (int i = 0; i < 256; i += 1) {
      vector float x = vec_madd(v[i], scale, add);
      v[i] = vec_max(x, vec_sub(x, v[i]));
      sum = vec_madd(x, scale, sum);
      sum = vec_madd(sum, scale, x);
    }
  u32 out[4] __attribute__((aligned(16)));
  vec_st((vector unsigned int)sum, 0, out);
  return ((u64)(out[0] ^ out[1]) << 32) | (out[2] ^ out[3]);
}
