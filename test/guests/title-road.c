/* The road of a title, without a title: a ring buffer with a fence behind a callback that the stream waits for, vertical
   blanks, an audio client that is called back, a file written and read again, the user, a notification, the pads, and at
   the end frames: three that are shown at once and three that wait for the blank.

   expect: exit=0
   prints: ok: 43 of 43 */
#include "xbox.h"

/* Packets of the command stream. */
#define WRITE(reg) (reg) /* one register */
#define COMMAND(opcode, dwords) (0xC0000000u | ((dwords)-1) << 16 | (opcode) << 8)
enum { WAIT_MEMORY = 0x3C, INTERRUPT = 0x54, FENCE = 0x58 };
enum { SCRATCH_0 = 0x578, SCRATCH_1, SCRATCH_4 = 0x57C, SCRATCH_5, SCRATCH_MASK = 0x1DC, SCRATCH_ADDRESS = 0x1DD };
enum { EQUAL_IN_MEMORY = 0x13, SWAPPED = 2 };

#define GPU(reg) ((volatile u32 *)0x7FC80000)[reg]
enum { WRITE_POINTER = 0x1C5, INTERRUPT_STATUS = 0x1951 };

enum { BYTES_LOG2 = 9, DWORDS = 0x400, PROCESSOR = 2 };

/* Words of the block that the stream and the callbacks share. */
enum { PENDING = 0, FLIP_PENDING = 1, CALLBACK = 4, ARGUMENT = 5, READ_POINTER = 0xF, FENCED = 0x10 };

static volatile u32 *ring, *shared;
static u32 at;
static Event interrupted, blanked, mixed;
static volatile u32 blanks, shown_at, flip_at, frames_mixed, heard;
static u32 driver;
static float samples[6 * 256];

static void show(void) {
  shown_at = blanks;
  flip_at = 0;
  shared[FLIP_PENDING] = 0;
}

/* Direct3D's road to an interval of presentation: a command of the stream calls this; a flip that is early is left to the
   callback of the vertical blank, and the stream stands still until it has been. */
static void flip(u32 interval) {
  if (shown_at + interval > blanks)
    flip_at = shown_at + interval;
  else
    show();
}

static void graphics(u32 source, void *data) {
  u8 processor;
  __asm__("lbz %0, 0x10C(13)" : "=r"(processor));
  if (source == 0) {
    if (!(GPU(INTERRUPT_STATUS) & 1)) return;
    blanks++;
    if (shared[FLIP_PENDING] && flip_at && flip_at <= blanks) show();
    KeSetEvent(&blanked, 1, 0);
  } else {
    if (shared[CALLBACK]) ((void (*)(u32))shared[CALLBACK])(shared[ARGUMENT]);
    shared[PENDING] &= ~(1u << processor);
    KeSetEvent((Event *)data, 1, 0);
  }
}

static void mix(u32 *argument) {
  heard = *argument;
  frames_mixed++;
  XAudioSubmitRenderDriverFrame(driver, samples);
  if (frames_mixed == 3) KeSetEvent(&mixed, 1, 0);
}

static Status await(Event *event) {
  static const i64 second = MILLISECONDS(1000);
  return KeWaitForSingleObject(event, 3, KERNEL_MODE, 0, &second);
}

static void put(u32 word) {
  ring[at] = word;
  at = (at + 1) % DWORDS;
}

static void submit(void) { GPU(WRITE_POINTER) = at; }

static u32 address(u32 word) { return MmGetPhysicalAddress(shared + word); }

static void *physical(void) { return MmAllocatePhysicalMemoryEx(0, 0x1000, 0x404, 0, ~0u, 0x1000); }

static void until(u32 word, u32 value) {
  put(COMMAND(WAIT_MEMORY, 5)), put(EQUAL_IN_MEMORY), put(address(word) | SWAPPED), put(value), put(~0u), put(0x100);
}

static void call_back(void) {
  put(WRITE(SCRATCH_0)), put(1 << PROCESSOR);
  until(PENDING, 1 << PROCESSOR);
  put(COMMAND(INTERRUPT, 1)), put(1 << PROCESSOR);
  until(PENDING, 0);
}

static void stream(void) {
  check(VdInitializeEngines(0, 0, 0, 0, 0), 1);
  VdSetGraphicsInterruptCallback(graphics, &interrupted);
  ring = physical();
  shared = physical();
  VdInitializeRingBuffer(MmGetPhysicalAddress(ring), BYTES_LOG2);
  VdEnableRingBufferRPtrWriteBack(address(READ_POINTER), 6);

  put(WRITE(SCRATCH_ADDRESS)), put(address(PENDING));
  put(WRITE(SCRATCH_MASK)), put(0x33);
  call_back();
  put(COMMAND(FENCE, 3)), put(3), put(address(FENCED) | SWAPPED), put(7);
  submit();
  check(shared[FENCED], 0); /* the stream stands on its wait until the callback has run */
  check(await(&interrupted), STATUS_SUCCESS);
  for (u32 i = 0; i < 100 && shared[FENCED] != 7; i++) sleep_for(MILLISECONDS(1));
  check(shared[FENCED], 7);
  check(shared[PENDING], 0);
  check(shared[READ_POINTER], at);

  check(await(&blanked), STATUS_SUCCESS);
  check(await(&blanked), STATUS_SUCCESS);
  check(blanks >= 2, 1);
}

/* Three frames, each shown so many vertical blanks after the one before. */
static void present(u32 front, u32 interval) {
  static const u32 fetch[6], format, colour_space, width = 1280, height = 720;
  KeResetEvent(&blanked); /* of a blank long ago */
  check(await(&blanked), STATUS_SUCCESS);
  u32 then = shown_at = blanks;
  for (u32 frame = 0; frame < 3; frame++) {
    put(WRITE(SCRATCH_1)), put(1);
    put(WRITE(SCRATCH_4)), put((u32)flip);
    put(WRITE(SCRATCH_5)), put(interval);
    call_back();
    until(FLIP_PENDING, 0);
    at = (at + 15) & ~15u;
    for (u32 i = 0; i < 64; i++) ring[at + i] = 0xFFFFFFFF;
    VdSwap(ring + at, fetch, 0, 0, 0, &front, &format, &colour_space, &width, &height);
    at += 64;
    submit();
    for (u32 i = 0; i < 100 && shared[READ_POINTER] != at; i++) sleep_for(MILLISECONDS(1));
    check(shared[READ_POINTER], at);
  }
  check(shown_at - then, 3 * interval);
}

static void frames(void) {
  u32 front = (u32)physical();
  check(front != 0, 1);
  present(front, 0);
  present(front, 1);
  VdSetGraphicsInterruptCallback(0, 0);
}

static void play(void) {
  const AudioClient client = {mix, 0x55};
  check(XAudioRegisterRenderDriverClient(&client, &driver), STATUS_SUCCESS);
  check(await(&mixed), STATUS_SUCCESS);
  check(heard, 0x55);
  check(XAudioUnregisterRenderDriverClient(driver), STATUS_SUCCESS);
  u32 then = frames_mixed;
  sleep_for(MILLISECONDS(50));
  check(frames_mixed, then);
}

enum { READ = 0x80000000, WRITE_ACCESS = 0x40000000, CREATE = 2, OVERWRITE_IF = 5, SYNCHRONOUS = 0x20, NETWORK_OPEN = 34 };
#define STATUS_PENDING 0x103
#define STATUS_NO_SUCH_NAME 0xC0000034u

static void save(void) {
  static const char path[] = "game:\\road.txt", text[] = "where the title has been";
  static const AnsiString name = {sizeof path - 1, sizeof path, path};
  static const ObjectAttributes attributes = {0xFFFFFFFD, &name, 0x40};
  static const i64 start = 0;
  Handle file, event;
  IoStatus io;
  char buffer[64];
  u64 information[7];

  check(NtOpenFile(&file, READ, &attributes, &io, 7, 0), STATUS_NO_SUCH_NAME);
  check(NtCreateFile(&file, WRITE_ACCESS, &attributes, &io, 0, 0x80, 0, OVERWRITE_IF, SYNCHRONOUS), STATUS_SUCCESS);
  check(io.information, CREATE);
  check(NtWriteFile(file, 0, 0, 0, &io, text, sizeof text, &start), STATUS_SUCCESS);
  check(io.information, sizeof text);
  NtClose(file);

  check(NtOpenFile(&file, READ, &attributes, &io, 7, 0), STATUS_SUCCESS);
  check(NtQueryInformationFile(file, &io, information, sizeof information, NETWORK_OPEN), STATUS_SUCCESS);
  check((u32)information[5], sizeof text);
  NtCreateEvent(&event, 0, MANUAL, 0);
  check(NtReadFile(file, event, 0, 0, &io, buffer, sizeof buffer, &start), STATUS_PENDING);
  check(wait_for(event, 0), STATUS_SUCCESS);
  check(io.information, sizeof text);
  check(buffer[0], 'w');
  NtClose(event);
  NtClose(file);
}

static void ask(void) {
  PadState pad;
  u32 id, parameter;
  check(XamUserGetSigninState(0), 1);
  check(XamInputGetState(0, 0, &pad), 0);
  check(XamInputGetState(1, 0, &pad), 0x48F);
  Handle listener = XamNotifyCreateListener(1, 0);
  check(wait_for(listener, 0), STATUS_SUCCESS);
  check(XNotifyGetNext(listener, 0, &id, &parameter), 1);
  check(id, 9);
  NtClose(listener);
}

u32 _start(void) {
  name_thread("main");
  KeInitializeEvent(&interrupted, AUTO, 0);
  KeInitializeEvent(&blanked, AUTO, 0);
  KeInitializeEvent(&mixed, MANUAL, 0);
  stream();
  play();
  save();
  ask();
  frames();
  return finish_checks();
}
