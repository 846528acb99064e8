/* The bench's mixed loop: what a title's own code is made of, in turn. A table-driven checksum over bytes, sorting by
   shells, a product of matrices of doubles, particles in single precision, and calls through a table of functions, as
   compiled with -O2. Its result is the same on every correct processor; no instruction is beyond a 32-bit one.

   expect: exit=0
   prints: ok: 1 of 1 */
#include "xbox.h"

enum { ROUNDS = 200, BYTES = 16384, KEYS = 2048, SIDE = 24, PARTICLES = 256, STEPS = 8, MESSAGES = 8192 };

static u32 table[256];
static u8 bytes[BYTES];
static u32 keys[KEYS];
static double left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];
static struct Particle { float x, y, dx, dy, mass; u32 bounces; } particles[PARTICLES];
static u32 seed;

static u32 random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  return seed ^= seed << 5;
}

/* A small whole number, without the conversion that 32-bit processors lack. */
static float whole(u32 n) {
  union { u32 bits; float value; } number = {0x4B000000 | n};
  return number.value - 8388608;
}

static u32 checksum(void) {
  u32 sum = ~0u;
  for (u32 i = 0; i < BYTES; i++) sum = table[(sum ^ bytes[i]) & 0xFF] ^ sum >> 8;
  return sum;
}

static u32 sort(void) {
  for (u32 i = 0; i < KEYS; i++) keys[i] = random();
  for (u32 gap = KEYS / 2; gap > 0; gap /= 2)
    for (u32 i = gap; i < KEYS; i++) {
      u32 key = keys[i], j = i;
      for (; j >= gap && keys[j - gap] > key; j -= gap) keys[j] = keys[j - gap];
      keys[j] = key;
    }
  return keys[KEYS / 2] ^ keys[1];
}

static u32 multiply(void) {
  double trace = 0;
  for (u32 i = 0; i < SIDE; i++)
    for (u32 j = 0; j < SIDE; j++) {
      double sum = 0;
      for (u32 k = 0; k < SIDE; k++) sum += left[i][k] * right[k][j];
      product[i][j] = sum;
      if (i == j) trace += sum;
    }
  return (u32)(i32)trace;
}

static u32 move(void) {
  u32 bounces = 0;
  for (u32 step = 0; step < STEPS; step++)
    for (struct Particle *p = particles; p < particles + PARTICLES; p++) {
      p->dy -= 0.5f * p->mass;
      p->x += p->dx;
      p->y += p->dy;
      if (p->x < 0 || p->x > 640) p->dx = -p->dx, p->bounces++;
      if (p->y < 0) p->y = -p->y, p->dy = -p->dy * 0.75f, p->bounces++;
      bounces += p->bounces;
    }
  return bounces;
}

static u32 add(u32 a, u32 b) { return a + b; }
static u32 mix(u32 a, u32 b) { return (a ^ b) * 0x01000193u; }
static u32 turn(u32 a, u32 b) { return a << (b & 31) | a >> (-b & 31); }
static u32 rest(u32 a, u32 b) { return a / ((b & 0xFFF) + 1); }
static u32 (*const handlers[])(u32, u32) = {add, mix, turn, rest, mix, add, turn, mix};

static u32 dispatch(void) {
  u32 state = 1;
  for (u32 i = 0; i < MESSAGES; i++) state = handlers[(state >> 7 ^ i) & 7](state + 1, i);
  return state;
}

u32 _start(void) {
  u32 result = 0;
  seed = 0x12345678;
  for (u32 i = 0; i < 256; i++) {
    u32 sum = i;
    for (u32 bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? 0xEDB88320u : 0);
    table[i] = sum;
  }
  for (u32 i = 0; i < BYTES; i++) bytes[i] = (u8)random();
  for (u32 i = 0; i < SIDE; i++)
    for (u32 j = 0; j < SIDE; j++) left[i][j] = whole(i * 3 + j) / 8, right[i][j] = whole(j + SIDE - i) / 4;
  for (u32 i = 0; i < PARTICLES; i++) {
    particles[i].x = whole(random() & 511);
    particles[i].y = whole(random() & 255);
    particles[i].dx = whole(random() & 15) - 7.5f;
    particles[i].mass = 0.25f + whole(i & 3) / 4;
  }

  for (u32 round = 0; round < ROUNDS; round++) {
    result = (result << 3 | result >> 29) ^ checksum();
    result += sort();
    result ^= multiply();
    result += move();
    result ^= dispatch();
  }
  check(result, 0x2DCA222A);
  return finish_checks();
}
