/* Sixty-four objects in one wait, the most the platform takes. Any: whichever event is set, its index comes back, the
   lowest where several are, and only that one is taken. All: nothing is taken until the last of them is set.

   expect: exit=0
   prints: ok: 272 of 272
   ghost: handle=0x1028 class=closed */
#include "xbox.h"

enum { COUNT = 64 };

static Handle events[COUNT + 1];
static const i64 at_once = 0;

static Status any(const i64 *timeout) {
  return NtWaitForMultipleObjectsEx(COUNT, events, WAIT_ANY, USER_MODE, 0, timeout);
}

static Status all(const i64 *timeout) {
  return NtWaitForMultipleObjectsEx(COUNT, events, WAIT_ALL, USER_MODE, 0, timeout);
}

/* Sets them in an order that visits each once. */
static u32 setter(void *first) {
  for (u32 i = 0; i < COUNT; i++) {
    sleep_for(MILLISECONDS(1));
    NtSetEvent(events[((u32)first + i * 37) % COUNT], 0);
  }
  return 0;
}

static Handle start(ThreadRoutine *routine, u32 context) {
  Handle thread = 0;
  check(ExCreateThread(&thread, 0, 0, 0, routine, (void *)context, ON_PROCESSOR(3)), STATUS_SUCCESS);
  return thread;
}

u32 _start(void) {
  for (u32 i = 0; i < COUNT + 1; i++) check(NtCreateEvent(&events[i], 0, AUTO, 0), STATUS_SUCCESS);

  check(any(&at_once), STATUS_TIMEOUT);
  for (u32 i = 0; i < COUNT; i++) {
    u32 index = (i * 29 + 63) % COUNT;
    NtSetEvent(events[index], 0);
    check(any(&at_once), index);
  }
  NtSetEvent(events[40], 0);
  NtSetEvent(events[20], 0);
  check(any(0), 20);
  check(any(0), 40);
  check(any(&at_once), STATUS_TIMEOUT);

  Handle thread = start(setter, 17);
  for (u32 i = 0; i < COUNT; i++) check(any(0), (17 + i * 37) % COUNT);
  check(wait_for(thread, 0), STATUS_SUCCESS);

  NtSetEvent(events[5], 0);
  check(all(&at_once), STATUS_TIMEOUT);
  check(wait_for(events[5], &at_once), STATUS_SUCCESS); /* it was not taken */

  thread = start(setter, 0);
  check(all(0), STATUS_SUCCESS);
  check(wait_for(thread, 0), STATUS_SUCCESS);
  for (u32 i = 0; i < COUNT; i++) check(wait_for(events[i], &at_once), STATUS_TIMEOUT);

  check(NtWaitForMultipleObjectsEx(COUNT + 1, events, WAIT_ANY, USER_MODE, 0, &at_once) >> 30, 3);
  check(NtWaitForMultipleObjectsEx(0, events, WAIT_ANY, USER_MODE, 0, &at_once) >> 30, 3);
  check(NtClose(events[9]), STATUS_SUCCESS);
  check(any(&at_once) >> 30, 3);
  return finish_checks();
}
