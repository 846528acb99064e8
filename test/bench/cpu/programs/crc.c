#include "start.h"
static u8 data[4096];
static u16 step(u8 byte, u16 crc) {
  for (int i = 0; i < 8; i += 1) {
    u8 bit = (byte ^ crc) & 1;
    byte >>= 1;
    if (bit) { crc ^= 0x4002; crc >>= 1; crc |= 0x8000; } else { crc >>= 1; crc &= 0x7fff; }
  }
  return crc;
}
u64 compute(void) {
  for (int i = 0; i < 4096; i += 1) data[i] = next();
  u16 crc = 0;
  u64 sum = 0;
  for (int round = 0; round < 1500; round += 1) {
    for (int i = 0; i < 4096; i += 1) crc = step(data[i], crc);
    sum = sum * 3 + crc;
  }
  return sum;
}
