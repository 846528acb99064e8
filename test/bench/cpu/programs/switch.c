#include "start.h"
enum { PUSH, ADD, SUB, MUL, XOR, DUP, SWAP, LOADL, STOREL, JNZ, SHR, DROP, INC, END };
static const u8 code[] = {
  PUSH, 100, STOREL, 0, PUSH, 1, STOREL, 1,
  LOADL, 1, LOADL, 0, MUL, DUP, PUSH, 13, XOR, ADD, PUSH, 3, SHR, INC, DUP, DROP, STOREL, 1,
  LOADL, 0, PUSH, 1, SUB, DUP, STOREL, 0, JNZ, 8, LOADL, 1, PUSH, 7, SWAP, SUB, END };
__attribute__((noinline)) static u32 run(u32 start) {
  u32 stack[32], local[4] = {start, start, 0, 0};
  int sp = 0, pc = 0;
  for (;;) switch (code[pc++]) {
    case PUSH: stack[sp++] = code[pc++]; break;
    case ADD: sp -= 1; stack[sp - 1] += stack[sp]; break;
    case SUB: sp -= 1; stack[sp - 1] -= stack[sp]; break;
    case MUL: sp -= 1; stack[sp - 1] *= stack[sp]; break;
    case XOR: sp -= 1; stack[sp - 1] ^= stack[sp]; break;
    case DUP: stack[sp] = stack[sp - 1]; sp += 1; break;
    case SWAP: { u32 t = stack[sp - 1]; stack[sp - 1] = stack[sp - 2]; stack[sp - 2] = t; break; }
    case LOADL: stack[sp++] = local[code[pc++]]; break;
    case STOREL: local[code[pc++]] = stack[--sp]; break;
    case JNZ: sp -= 1; pc = stack[sp] ? code[pc] : pc + 1; break;
    case SHR: sp -= 1; stack[sp - 1] >>= stack[sp]; break;
    case DROP: sp -= 1; break;
    case INC: stack[sp - 1] += 1; break;
    case END: return stack[0];
  }
}
u64 compute(void) {
  u64 sum = 0;
  for (u32 i = 0; i < 20000; i += 1) sum = sum * 5 + run(i);
  return sum;
}
