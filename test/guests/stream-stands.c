/* After one frame the command stream stands on a word that nobody writes: behind it are the fence and the interrupt whose callback would
   set the event that main waits on. The callback is innocent, it never ran; the report must say what the stream waits for.

   expect: exit=4 stop=stuck
   stuck: thread=main on=Event/Auto symbol=drawn verdict=never-signalled */
#include "xbox.h"

#define WRITE(reg) (reg) /* one register */
#define COMMAND(opcode, dwords) (0xC0000000u | ((dwords)-1) << 16 | (opcode) << 8)
enum { WAIT_MEMORY = 0x3C, INTERRUPT = 0x54, FENCE = 0x58 };
enum { EQUAL_IN_MEMORY = 0x13, SWAPPED = 2 };
#define GPU(reg) ((volatile u32 *)0x7FC80000)[reg]
enum { WRITE_POINTER = 0x1C5 };
enum { BYTES_LOG2 = 9, PROCESSOR = 2 };
enum { READY = 0, READ_POINTER = 0xF, FENCED = 0x10 };

static volatile u32 *ring, *shared;
static u32 at;
Event drawn = {{AUTO, 0, 4, 0, 0, {0, 0}}};

static void graphics(u32 source, void *data) {
  if (source == 1) KeSetEvent((Event *)data, 1, 0);
}

static void put(u32 word) { ring[at++] = word; }
static u32 address(u32 word) { return MmGetPhysicalAddress(shared + word); }
static void *physical(void) { return MmAllocatePhysicalMemoryEx(0, 0x1000, 0x404, 0, ~0u, 0x1000); }

static void present(void) {
  static const u32 fetch[6], front = 0xA0100000, format, colour_space, width = 1280, height = 720;
  VdSwap(ring + at, fetch, 0, 0, 0, &front, &format, &colour_space, &width, &height);
  at += 64;
}

u32 _start(void) {
  name_thread("main");
  KeInitializeEvent(&drawn, AUTO, 0);
  VdInitializeEngines(0, 0, 0, 0, 0);
  VdSetGraphicsInterruptCallback(graphics, &drawn);
  ring = physical();
  shared = physical();
  VdInitializeRingBuffer(MmGetPhysicalAddress(ring), BYTES_LOG2);
  VdEnableRingBufferRPtrWriteBack(address(READ_POINTER), 6);

  present();
  put(COMMAND(FENCE, 3)), put(3), put(address(FENCED) | SWAPPED), put(1);
  put(COMMAND(WAIT_MEMORY, 5)), put(EQUAL_IN_MEMORY), put(address(READY) | SWAPPED), put(5), put(~0u), put(0x100);
  put(COMMAND(FENCE, 3)), put(3), put(address(FENCED) | SWAPPED), put(2);
  put(COMMAND(INTERRUPT, 1)), put(1 << PROCESSOR);
  GPU(WRITE_POINTER) = at;
  KeWaitForSingleObject(&drawn, 3, KERNEL_MODE, 0, 0);
  return 0;
}
