/* Periodic timers. One of 16 ms ticks eight frames, and the time between the first and the last is seven periods, not
   seven periods and what the waits cost; its APC comes once a tick; one by pointer with a DPC fires on its own.

   expect: exit=0
   prints: ok: 19 of 19 */
#include "xbox.h"

enum { PERIOD = 16, FRAMES = 8 };

static u32 apcs, dpcs;
static Event third_dpc;

static void on_apc(void *context, void *low, void *high) {
  (void)context, (void)low, (void)high;
  apcs++;
}

static void on_dpc(Dpc *dpc, void *context, void *first, void *second) {
  (void)dpc, (void)context, (void)first, (void)second;
  if (++dpcs == 3) KeSetEvent(&third_dpc, 1, 0);
}

u32 _start(void) {
  const i64 due = MILLISECONDS(PERIOD), long_time = MILLISECONDS(1000), at_once = 0;
  const u32 ticks_per_ms = KeQueryPerformanceFrequency() / 1000;
  Handle frame;
  u64 first = 0;

  check(NtCreateTimer(&frame, 0, AUTO), STATUS_SUCCESS);
  check(NtSetTimerEx(frame, &due, 0, USER_MODE, 0, 0, PERIOD, 0), STATUS_SUCCESS);
  for (u32 i = 0; i < FRAMES; i++) {
    check(wait_for(frame, 0), STATUS_SUCCESS);
    if (i == 0) first = timebase();
  }
  u32 elapsed = (u32)(timebase() - first), expected = (FRAMES - 1) * PERIOD * ticks_per_ms;
  check(elapsed + ticks_per_ms / 2 - expected < ticks_per_ms, 1);
  check(NtCancelTimer(frame, 0), STATUS_SUCCESS);
  sleep_for(MILLISECONDS(3 * PERIOD));
  check(wait_for(frame, &at_once), STATUS_TIMEOUT);

  check(NtSetTimerEx(frame, &due, on_apc, USER_MODE, 0, 0, PERIOD, 0), STATUS_SUCCESS);
  while (apcs < 4) KeDelayExecutionThread(USER_MODE, 1, &long_time);
  check(NtCancelTimer(frame, 0), STATUS_SUCCESS);
  check(apcs, 4);

  static Timer timer;
  static Dpc dpc;
  KeInitializeEvent(&third_dpc, MANUAL, 0);
  KeInitializeTimerEx(&timer, AUTO, 1);
  KeInitializeDpc(&dpc, on_dpc, 0);
  check(KeSetTimerEx(&timer, MILLISECONDS(1), 2, &dpc), 0);
  check(KeWaitForSingleObject(&third_dpc, 3, USER_MODE, 0, 0), STATUS_SUCCESS);
  check(dpcs, 3);
  return finish_checks();
}
