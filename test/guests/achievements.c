/* A title asks for its achievements, two at a time, says what each is called, what is said of it and what it is worth,
   achieves the first of them, and asks again. Packed without a list of them, as here, it finds none, and what it writes
   all the same is not achieved.

   expect: exit=0
   prints: [achievements] 7 unlocked, not in any list of the title
   prints: ok: 6 of 6 */
#include "xbox.h"

enum { NO_MORE_FILES = 0x12, GAME = 0xFB, WRITE_ACHIEVEMENTS = 0xB0008, ALL = -1, PORTION = 2 };
enum { ACHIEVED = 0x20000 };

typedef struct { u32 id; const u16 *label, *description, *unachieved; u32 image, score; u64 time; u32 flags; } __attribute__((packed)) Details;

static char line[128];
static u32 at;

static void put(char letter) {
  if (at < sizeof line - 1) line[at++] = letter;
  line[at] = 0;
}

static void put_text(const u16 *text) {
  for (; text && *text; text++) put((char)*text);
}

static void put_number(u32 number) {
  if (number >= 10) put_number(number / 10);
  put('0' + number % 10);
}

/* Says what a list holds; how many there are. */
static u32 list(void) {
  static u8 buffer[PORTION * 500] __attribute__((aligned(8)));
  u32 size = 0, all = 0, count, code;
  Handle handle;
  check(XamUserCreateAchievementEnumerator(0, 0, 0, ALL, 0, PORTION, &size, &handle), 0);
  check(size, sizeof buffer);
  while (!(code = XamEnumerate(handle, 0, buffer, size, &count, 0)))
    for (u32 i = 0; i < count; i++, all++) {
      const Details *one = (const Details *)buffer + i;
      at = 0;
      put_text(one->label), put(':'), put(' ');
      put_text(one->flags & ACHIEVED ? one->description : one->unachieved), put(' ');
      put_number(one->score);
      print(line);
    }
  check(code, NO_MORE_FILES);
  NtClose(handle);
  return all;
}

u32 _start(void) {
  u32 achieved[2] = {0, 7};
  struct { u32 count; void *pairs; } block = {1, achieved};
  list();
  XMsgInProcessCall(GAME, WRITE_ACHIEVEMENTS, &block, sizeof block);
  list();
  return finish_checks();
}
