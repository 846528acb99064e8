#include "start.h"
#include "vectors.h"
static u32 data[4096] __attribute__((aligned(16)));
u64 compute(void) {
  for (int i = 0; i < 4096; i += 1) data[i] = next();
  vector unsigned int *v = (vector unsigned int *)data, sum = vec_splat_u32(0), one = vec_splat_u32(1);
  vector unsigned char order = vec_lvsl(4, (u8 *)0);
  for (int round = 0; round < 12000; round += 1)
    for (int i = 0; i < 1024; i += 1) {
      vector unsigned int x = v[i];
      sum = vec_add(vec_xor(sum, x), vec_rl(x, one));
      sum = vec_perm(sum, vec_max(sum, x), order);
      v[i] = vec_sub(sum, vec_sr(x, one));
    }
  u32 out[4] __attribute__((aligned(16)));
  vec_st(sum, 0, out);
  return ((u64)(out[0] ^ out[1]) << 32) | (out[2] ^ out[3]);
}
