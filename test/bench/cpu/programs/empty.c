#include "start.h"
/* What it takes to start a program and to end it. */
u64 compute(void) { return 0; }
