#include "start.h"
/* In turn what embedded benchmarks mix: a list searched, turned around and sorted, a small matrix, a state machine over text, and a
   checksum over all that comes of it. */
struct item { struct item *next; u16 key, data; };
static struct item items[256];
static short left[16][16], right[16][16];
static i32 product[16][16];
static u16 sum16(u16 crc, u32 value) {
  for (int i = 0; i < 32; i += 1, value >>= 1) { u16 bit = (crc ^ value) & 1; crc >>= 1; if (bit) crc ^= 0xa001; }
  return crc;
}
static struct item *turn(struct item *list) { struct item *out = 0; while (list) { struct item *next = list->next; list->next = out; out = list; list = next; } return out; }
static struct item *merge(struct item *a, struct item *b) {
  struct item head, *end = &head;
  while (a && b) { struct item **from = a->key <= b->key ? &a : &b; end->next = *from; end = *from; *from = end->next; }
  end->next = a ? a : b;
  return head.next;
}
static struct item *sorted(struct item *list, int count) {
  if (count < 2) { if (list) list->next = 0; return list; }
  struct item *middle = list;
  for (int i = 0; i < count / 2; i += 1) middle = middle->next;
  struct item *second = sorted(middle, count - count / 2);
  return merge(sorted(list, count / 2), second);
}
static const char text[] = "5012,1.25e7,-874,+122,0x1F,.5,35.54400,T0.3e-1F,-0x9,12e+4,7..2,";
static u32 states(u32 from) {
  u32 counts[6] = {0, 0, 0, 0, 0, 0}, state = 0;
  for (u32 i = 0; i < sizeof text - 1; i += 1) {
    char c = text[(i + from) % (sizeof text - 1)];
    switch (state) {
      case 0: state = c == '+' || c == '-' ? 1 : c >= '0' && c <= '9' ? 2 : c == '.' ? 3 : c == ',' ? 0 : 5; break;
      case 1: state = c >= '0' && c <= '9' ? 2 : c == '.' ? 3 : 5; break;
      case 2: state = c == '.' ? 3 : c == 'e' ? 4 : c >= '0' && c <= '9' ? 2 : c == ',' ? 0 : 5; break;
      case 3: state = c == 'e' ? 4 : c >= '0' && c <= '9' ? 3 : c == ',' ? 0 : 5; break;
      case 4: state = c == '+' || c == '-' || (c >= '0' && c <= '9') ? 2 : 5; break;
      default: state = c == ',' ? 0 : 5;
    }
    counts[state] += i;
  }
  return counts[0] ^ counts[1] * 3 ^ counts[2] * 5 ^ counts[3] * 7 ^ counts[4] * 11 ^ counts[5] * 13;
}
u64 compute(void) {
  u16 crc = 0;
  u64 all = 0;
  for (int i = 0; i < 256; i += 1) { items[i].next = i < 255 ? &items[i + 1] : 0; items[i].key = next(); items[i].data = i; }
  for (int i = 0; i < 256; i += 1) { left[i >> 4][i & 15] = next() & 0xff; right[i >> 4][i & 15] = next() & 0xff; }
  struct item *list = items;
  for (u32 round = 0; round < 12000; round += 1) {
    for (struct item *at = list; at; at = at->next) if (((at->data ^ round) & 63) == 0) at->key = at->key * 5 + round;
    list = sorted(turn(list), 256);
    crc = sum16(crc, list->key);
    for (int i = 0; i < 16; i += 1)
      for (int j = 0; j < 16; j += 1) { i32 x = 0; for (int k = 0; k < 16; k += 1) x += left[i][k] * right[k][j]; product[i][j] = x; left[i][j] += x >> 9; }
    crc = sum16(crc, product[round & 15][3]);
    crc = sum16(crc, states(round));
    all = all * 31 + crc;
  }
  return all;
}
