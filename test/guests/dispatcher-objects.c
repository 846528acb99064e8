/* The same objects by pointer, as the platform's own libraries use them: event, semaphore and mutant that lie in the
   program's data, waited on singly, for any and for all of three kinds together.

   expect: exit=0
   prints: ok: 27 of 27 */
#include "xbox.h"

static Event event;
static Semaphore semaphore;
static Mutant mutant;
static void *const three[] = {&event, &semaphore, &mutant};
static const i64 at_once = 0;

static Status one(void *object, const i64 *timeout) { return KeWaitForSingleObject(object, 3, KERNEL_MODE, 0, timeout); }

static Status several(u32 type, const i64 *timeout) {
  return KeWaitForMultipleObjects(3, three, type, 3, KERNEL_MODE, 0, timeout, 0);
}

static u32 helper(void *unused) {
  (void)unused;
  check(one(&mutant, 0), STATUS_SUCCESS);
  sleep_for(MILLISECONDS(1));
  KeSetEvent(&event, 1, 0);
  sleep_for(MILLISECONDS(1));
  KeReleaseSemaphore(&semaphore, 1, 1, 0);
  sleep_for(MILLISECONDS(1));
  check(event.header.state, 1); /* a wait for all takes nothing until it has all */
  check(semaphore.header.state, 1);
  check(KeReleaseMutant(&mutant, 1, 0, 0), 0);
  return 0;
}

u32 _start(void) {
  KeInitializeEvent(&event, AUTO, 0);
  KeInitializeSemaphore(&semaphore, 2, 3);
  KeInitializeMutant(&mutant, 0);
  check(event.header.type, 1);
  check(semaphore.header.type, 5);
  check(mutant.header.type, 2);

  check(KeSetEvent(&event, 1, 0), 0);
  check(KeSetEvent(&event, 1, 0), 1);
  check(one(&event, &at_once), STATUS_SUCCESS);
  check(one(&event, &at_once), STATUS_TIMEOUT);
  KeSetEvent(&event, 1, 0);
  check(KeResetEvent(&event), 1);
  check(KePulseEvent(&event, 1, 0), 0);
  check(one(&event, &at_once), STATUS_TIMEOUT);

  check(one(&semaphore, &at_once), STATUS_SUCCESS);
  check(semaphore.header.state, 1);
  check(KeReleaseSemaphore(&semaphore, 1, 2, 0), 1);
  check(semaphore.header.state, 3);

  check(several(WAIT_ANY, &at_once), 1); /* the semaphore comes before the mutant */
  while (one(&semaphore, &at_once) == STATUS_SUCCESS) continue;
  check(several(WAIT_ANY, &at_once), 2);
  check(mutant.header.state, 0);
  check(KeReleaseMutant(&mutant, 1, 0, 0), 0);

  Handle thread;
  check(ExCreateThread(&thread, 0, 0, 0, helper, 0, ON_PROCESSOR(5)), STATUS_SUCCESS);
  const i64 little = MILLISECONDS(1) / 2;
  KeDelayExecutionThread(USER_MODE, 0, &little);
  check(several(WAIT_ALL, 0), STATUS_SUCCESS);
  check(event.header.state, 0);
  check(semaphore.header.state, 0);
  check(wait_for(thread, 0), STATUS_SUCCESS);
  KeReleaseMutant(&mutant, 1, 0, 0);
  return finish_checks();
}
