/* Timers. One shot, manual and automatic; due in the past; cancelled; set again before it is due; with an APC, which
   comes in only where the thread waits alertably; and by pointer with a DPC.

   expect: exit=0
   prints: ok: 40 of 40 */
#include "xbox.h"

static const i64 at_once = 0;
static u32 apcs, dpcs;
static void *apc_context;

static void on_apc(void *context, void *low, void *high) {
  apcs++;
  apc_context = context;
  check(low != 0 || high != 0, 1);
}

static void on_dpc(Dpc *dpc, void *context, void *first, void *second) {
  (void)dpc, (void)first, (void)second;
  dpcs++;
  KeSetEvent(context, 1, 0);
}

static Status set(Handle timer, i64 due) { return NtSetTimerEx(timer, &due, 0, USER_MODE, 0, 0, 0, 0); }

static void by_handle(void) {
  Handle manual, automatic;
  u8 was = 9;
  const i64 soon = MILLISECONDS(5), later = MILLISECONDS(500), short_time = MILLISECONDS(20);

  check(NtCreateTimer(&manual, 0, MANUAL), STATUS_SUCCESS);
  check(NtCreateTimer(&automatic, 0, AUTO), STATUS_SUCCESS);

  check(set(manual, soon), STATUS_SUCCESS);
  check(wait_for(manual, &at_once), STATUS_TIMEOUT);
  check(wait_for(manual, 0), STATUS_SUCCESS);
  check(wait_for(manual, &at_once), STATUS_SUCCESS); /* stays */
  check(set(manual, soon), STATUS_SUCCESS);
  check(wait_for(manual, &at_once), STATUS_TIMEOUT); /* setting it again unsets it */
  check(wait_for(manual, 0), STATUS_SUCCESS);

  check(set(automatic, soon), STATUS_SUCCESS);
  check(wait_for(automatic, 0), STATUS_SUCCESS);
  check(wait_for(automatic, &at_once), STATUS_TIMEOUT); /* taken */

  check(set(automatic, 1), STATUS_SUCCESS); /* an absolute time, long past */
  check(wait_for(automatic, 0), STATUS_SUCCESS);

  check(set(automatic, later), STATUS_SUCCESS);
  check(NtCancelTimer(automatic, &was), STATUS_SUCCESS);
  check(was, 0);
  check(wait_for(automatic, &short_time), STATUS_TIMEOUT);
  check(NtCancelTimer(automatic, 0), STATUS_SUCCESS); /* not armed: no error */

  check(set(automatic, later), STATUS_SUCCESS);
  check(set(automatic, soon), STATUS_SUCCESS); /* the second time counts */
  check(wait_for(automatic, &short_time), STATUS_SUCCESS);

  check(NtSetTimerEx(automatic, &soon, on_apc, USER_MODE, (void *)0x1234, 0, 0, 0), STATUS_SUCCESS);
  check(sleep_for(MILLISECONDS(10)), STATUS_SUCCESS); /* not alertable */
  check(apcs, 0);
  check(KeDelayExecutionThread(USER_MODE, 1, &short_time), STATUS_USER_APC);
  check(apcs, 1);
  check((u32)apc_context, 0x1234);

  check(NtClose(manual), STATUS_SUCCESS);
  check(NtClose(automatic), STATUS_SUCCESS);
}

static void by_pointer(void) {
  static Timer timer;
  static Dpc dpc;
  static Event event;

  KeInitializeTimerEx(&timer, MANUAL, 1);
  KeInitializeEvent(&event, AUTO, 0);
  KeInitializeDpc(&dpc, on_dpc, &event);
  check(KeSetTimerEx(&timer, MILLISECONDS(5), 0, &dpc), 0);
  check(KeSetTimerEx(&timer, MILLISECONDS(6), 0, &dpc), 1); /* it was armed */
  check(KeWaitForSingleObject(&event, 3, USER_MODE, 0, 0), STATUS_SUCCESS);
  check(dpcs, 1);
  check(timer.header.state, 1);
  check(KeCancelTimer(&timer), 0);
  check(KeSetTimerEx(&timer, MILLISECONDS(5), 0, &dpc), 0);
  check(KeCancelTimer(&timer), 1);
  sleep_for(MILLISECONDS(20));
  check(dpcs, 1);
}

u32 _start(void) {
  by_handle();
  by_pointer();
  return finish_checks();
}
