/* What a program of the bench stands on: it computes one number, which is printed, and ends. No library. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;
typedef long long i64;

u64 compute(void);

#if defined(__powerpc__)
static long ask(long number, long a, long b, long c) {
  register long r0 __asm__("r0") = number;
  register long r3 __asm__("r3") = a;
  register long r4 __asm__("r4") = b;
  register long r5 __asm__("r5") = c;
  __asm__ volatile("sc" : "+r"(r3) : "r"(r0), "r"(r4), "r"(r5) : "memory", "cr0");
  return r3;
}
#define WRITE 4
#define EXIT 1
#else
static long ask(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}
#define WRITE 1
#define EXIT 60
#endif

#if defined(__x86_64__)
__attribute__((force_align_arg_pointer))
#endif
void _start(void) {
  u64 value = compute();
  char text[17];
  for (int i = 0; i < 16; i += 1) text[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 15];
  text[16] = '\n';
  ask(WRITE, 1, (long)text, 17);
  ask(EXIT, 0, 0, 0);
  for (;;) {
  }
}

static u32 seed = 12345;
static inline u32 next(void) {
  seed = seed * 1103515245u + 12345u;
  return seed >> 8;
}
