#include "start.h"
__attribute__((noinline, noclone, optimize("no-optimize-sibling-calls"))) static u64 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) + 1; }
__attribute__((noinline, noclone)) static u32 ack(u32 m, u32 n) { return m == 0 ? n + 1 : n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1)); }
u64 compute(void) { return fib(35) * 31 + ack(2, 300) + ack(2, 301); }
