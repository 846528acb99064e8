/* The title that `npm start` runs. It loads a level, and hangs as titles do.

   Four threads. The loader reads the level from the disc: a header, twelve chunks, a footer. The decoder unpacks each
   chunk as it comes, and last the footer. The renderer draws a loading screen, one frame every 16 ms, and after
   twenty-four frames waits for the level. Main waits for the renderer. Events, semaphores, a periodic timer and a
   critical section go to and fro, and all is well until the ninth chunk: its checksum is wrong. The loader gives up
   there. It says so, queues an empty chunk so that the decoder stops, and returns; but this way out forgets the footer's
   event. So the decoder, which turns to the footer next, waits for ever; so does the renderer, which waits for the
   decoder; and main, which waits for the renderer. One event is the cause of three hangs, and the thread that should
   have set it is long gone.

   expect: exit=4 stop=deadlock
   prints: loader: chunk 9 fails its checksum, giving up
   stuck: thread=decoder on=Event/Manual name=FooterReady handle=0x1010 verdict=never-signalled
   stuck: thread=renderer on=Event/Manual name=LevelReady handle=0x1014 verdict=never-signalled
   stuck: thread=main on=Thread handle=0x1024 verdict=thread-waits */
#include "xbox.h"

enum { CHUNKS = 12, BAD_CHUNK = 9, PLACES = 4, CHUNK_WORDS = 256, FRAMES = 24, FRAME_MS = 16 };

typedef struct { u32 length, words[CHUNK_WORDS]; } Chunk;

#define NAMED(name) \
  static const AnsiString name##_text = {sizeof #name - 1, sizeof #name, #name}; \
  static const ObjectAttributes name = {0xFFFFFFFC, &name##_text, 0x40}
#define KEPT __attribute__((noinline))

NAMED(ChunkQueue);
NAMED(FooterReady);
NAMED(LevelReady);

static Handle header_ready, chunks, places, footer_ready, level_ready, frame_timer;
static CriticalSection textures;
static Chunk ring[PLACES];
static u32 footer, texels, frames_drawn;

/* ---- loader ---- */

KEPT static u32 sum_of(const u32 *words) {
  u32 sum = 0;
  for (u32 i = 0; i < CHUNK_WORDS; i++) sum = (sum << 5 | sum >> 27) + words[i];
  return sum;
}

KEPT static void read_disc(u32 chunk, u32 *words) {
  sleep_for(MILLISECONDS(7));
  for (u32 i = 0; i < CHUNK_WORDS; i++) words[i] = chunk * 0x9E3779B9u ^ i * 0x85EBCA6Bu;
}

/* Whether the chunk arrived as it was written. */
KEPT static u32 read_chunk(Chunk *place, u32 chunk) {
  read_disc(chunk, place->words);
  const u32 checksum = sum_of(place->words);
  if (chunk == BAD_CHUNK) place->words[17] ^= 4; /* a scratch */
  place->length = CHUNK_WORDS;
  return sum_of(place->words) == checksum;
}

KEPT static u32 load_level(void) {
  sleep_for(MILLISECONDS(12));
  NtSetEvent(header_ready, 0);
  for (u32 chunk = 1; chunk <= CHUNKS; chunk++) {
    Chunk *place = &ring[chunk % PLACES];
    wait_for(places, 0);
    if (!read_chunk(place, chunk)) {
      print("loader: chunk 9 fails its checksum, giving up");
      place->length = 0;
      NtReleaseSemaphore(chunks, 1, 0);
      return 1; /* and the footer? */
    }
    NtReleaseSemaphore(chunks, 1, 0);
  }
  NtSetEvent(footer_ready, 0);
  return 0;
}

static u32 loader(void *unused) {
  (void)unused;
  name_thread("loader");
  return load_level();
}

/* ---- decoder ---- */

KEPT static void unpack(const u32 *words) {
  u32 state = 1;
  for (u32 i = 0; i < CHUNK_WORDS * 64; i++) state = state * 1664525 + words[i % CHUNK_WORDS];
  RtlEnterCriticalSection(&textures);
  texels += state & 0xFF;
  sleep_for(MILLISECONDS(1));
  RtlLeaveCriticalSection(&textures);
}

KEPT static void decode_chunks(void) {
  for (u32 chunk = 1; chunk <= CHUNKS; chunk++) {
    const Chunk *place = &ring[chunk % PLACES];
    wait_for(chunks, 0);
    if (place->length == 0) return;
    unpack(place->words);
    NtReleaseSemaphore(places, 1, 0);
  }
}

KEPT static void decode_footer(void) {
  wait_for(footer_ready, 0);
  texels += footer;
}

static u32 decoder(void *unused) {
  (void)unused;
  name_thread("decoder");
  wait_for(header_ready, 0);
  decode_chunks();
  decode_footer();
  NtSetEvent(level_ready, 0);
  return 0;
}

/* ---- renderer ---- */

KEPT static void draw_frame(void) {
  RtlEnterCriticalSection(&textures);
  frames_drawn++;
  sleep_for(MILLISECONDS(2));
  RtlLeaveCriticalSection(&textures);
}

KEPT static void draw_loading_screen(void) {
  const i64 due = MILLISECONDS(FRAME_MS);
  NtSetTimerEx(frame_timer, &due, 0, USER_MODE, 0, 0, FRAME_MS, 0);
  for (u32 frame = 0; frame < FRAMES; frame++) {
    wait_for(frame_timer, 0);
    draw_frame();
  }
  NtCancelTimer(frame_timer, 0);
}

static u32 renderer(void *unused) {
  (void)unused;
  name_thread("renderer");
  draw_loading_screen();
  wait_for(level_ready, 0);
  draw_frame();
  return 0;
}

/* ---- main ---- */

static Handle start(ThreadRoutine *routine, u32 processor) {
  Handle thread = 0;
  ExCreateThread(&thread, 0, 0, 0, routine, 0, ON_PROCESSOR(processor));
  return thread;
}

u32 _start(void) {
  name_thread("main");
  RtlInitializeCriticalSection(&textures);
  NtCreateEvent(&header_ready, 0, AUTO, 0);
  NtCreateSemaphore(&chunks, &ChunkQueue, 0, PLACES);
  NtCreateSemaphore(&places, 0, PLACES, PLACES);
  NtCreateEvent(&footer_ready, &FooterReady, MANUAL, 0);
  NtCreateEvent(&level_ready, &LevelReady, MANUAL, 0);
  NtCreateTimer(&frame_timer, 0, AUTO);
  const Handle threads[] = {start(loader, 1), start(decoder, 2), start(renderer, 3)};
  return wait_for(threads[2], 0);
}
