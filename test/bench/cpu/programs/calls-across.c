#include "start.h"
/* Each calls the other, so that every call leaves its module where a module is one function. */
static u64 odd(u32 n);
__attribute__((noinline, noclone, optimize("no-optimize-sibling-calls"))) static u64 even(u32 n) { return n < 2 ? n : odd(n - 1) + odd(n - 2) + 1; }
__attribute__((noinline, noclone, optimize("no-optimize-sibling-calls"))) static u64 odd(u32 n) { return n < 2 ? n + 2 : even(n - 1) + even(n - 2) + 3; }
u64 compute(void) { return even(34) * 31 + odd(33); }
