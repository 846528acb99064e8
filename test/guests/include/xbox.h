/* What our C guests know of the platform: its types, and the exports they call. They are compiled with SysV frames, and
   `xenoscope pack --frames sysv` says so in the image. Up to eight arguments of a register's size travel alike in both
   conventions, so those exports are called as they are; a 64-bit argument does not, and goes through lib/sysv.s. */
#ifndef XBOX_H
#define XBOX_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;
typedef u32 Handle;
typedef u32 Status;

enum {
  STATUS_SUCCESS = 0,
  STATUS_USER_APC = 0xC0,
  STATUS_TIMEOUT = 0x102,
};
#define STATUS_INVALID_HANDLE 0xC0000008u
#define STATUS_INVALID_PARAMETER 0xC000000Du
#define STATUS_SEMAPHORE_LIMIT_EXCEEDED 0xC0000047u

enum { MANUAL, AUTO };                  /* event and timer types */
enum { WAIT_ALL, WAIT_ANY };
enum { KERNEL_MODE, USER_MODE };

typedef struct List { struct List *next, *previous; } List;
typedef struct { u8 type, absolute, process, inserted; i32 state; List waiters; } Dispatcher;
typedef struct { Dispatcher header; } Event;
typedef struct { Dispatcher header; i32 limit; } Semaphore;
typedef struct { Dispatcher header; List owned; u32 owner; u8 abandoned, padding[3]; } Mutant;
typedef struct { Dispatcher header; u64 due; List timers; struct Dpc *dpc; i32 period; } Timer;
typedef struct Dpc { u16 type; u8 inserted, target; List list; void *routine, *context, *first, *second; } Dpc;
typedef struct { Dispatcher event; i32 count, recursion; u32 owner; } CriticalSection;
typedef struct { u16 length, size; const char *text; } AnsiString;
typedef struct { u32 root; const AnsiString *name; u32 flags; } ObjectAttributes;

typedef u32 ThreadRoutine(void *context);
typedef void ApcRoutine(void *first, void *second, void *third);
typedef void DpcRoutine(Dpc *dpc, void *context, void *first, void *second);

Status NtCreateEvent(Handle *, const ObjectAttributes *, u32 type, u32 state);
Status NtSetEvent(Handle, u32 *previous);
Status NtClearEvent(Handle);
Status NtPulseEvent(Handle, u32 *previous);
Status NtCreateSemaphore(Handle *, const ObjectAttributes *, i32 count, i32 limit);
Status NtReleaseSemaphore(Handle, i32 count, i32 *previous);
Status NtCreateMutant(Handle *, const ObjectAttributes *, u32 owned);
Status NtReleaseMutant(Handle, i32 *previous);
Status NtCreateTimer(Handle *, const ObjectAttributes *, u32 type);
Status NtSetTimerEx(Handle, const i64 *due, ApcRoutine *, u32 mode, void *context, u32 resume, u32 period, u8 *previous);
Status NtCancelTimer(Handle, u8 *state);
Status NtClose(Handle);
Status NtWaitForSingleObjectEx(Handle, u32 mode, u32 alertable, const i64 *timeout);
Status NtWaitForMultipleObjectsEx(u32 count, const Handle *, u32 type, u32 mode, u32 alertable, const i64 *timeout);

void KeInitializeEvent(Event *, u32 type, u32 state);
i32 KeSetEvent(Event *, i32 boost, u32 wait);
i32 KeResetEvent(Event *);
i32 KePulseEvent(Event *, i32 boost, u32 wait);
void KeInitializeSemaphore(Semaphore *, i32 count, i32 limit);
i32 KeReleaseSemaphore(Semaphore *, i32 boost, i32 count, u32 wait);
void KeInitializeMutant(Mutant *, u32 owned);
i32 KeReleaseMutant(Mutant *, i32 boost, u32 abandoned, u32 wait);
void KeInitializeDpc(Dpc *, DpcRoutine *, void *context);
u32 KeInsertQueueDpc(Dpc *, void *first, void *second);
void KeInitializeTimerEx(Timer *, u32 type, u32 process);
u32 KeSetTimerEx(Timer *, i64 due, u32 period, Dpc *) __asm__("sysv_KeSetTimerEx");
u32 KeCancelTimer(Timer *);
Status KeWaitForSingleObject(void *, u32 reason, u32 mode, u32 alertable, const i64 *timeout);
Status KeWaitForMultipleObjects(u32 count, void *const *, u32 type, u32 reason, u32 mode, u32 alertable,
                                const i64 *timeout, void *blocks);
Status KeDelayExecutionThread(u32 mode, u32 alertable, const i64 *time);
u32 KeQueryPerformanceFrequency(void);

Status ExCreateThread(Handle *, u32 stack, u32 *id, void *start_up, ThreadRoutine *, void *context, u32 flags);
void ExTerminateThread(u32 code) __attribute__((noreturn));
void RtlInitializeCriticalSection(CriticalSection *);
void RtlEnterCriticalSection(CriticalSection *);
void RtlLeaveCriticalSection(CriticalSection *);

typedef struct { u32 code, flags; void *nested, *address; u32 count, information[15]; } ExceptionRecord;
void RtlRaiseException(ExceptionRecord *);

typedef struct { Status status; u32 information; } IoStatus;
Status NtCreateFile(Handle *, u32 access, const ObjectAttributes *, IoStatus *, const u64 *size, u32 attributes, u32 share,
                    u32 disposition, u32 options) __asm__("sysv_NtCreateFile");
Status NtOpenFile(Handle *, u32 access, const ObjectAttributes *, IoStatus *, u32 share, u32 options);
Status NtReadFile(Handle, Handle event, ApcRoutine *, void *context, IoStatus *, void *buffer, u32 length, const i64 *offset);
Status NtWriteFile(Handle, Handle event, ApcRoutine *, void *context, IoStatus *, const void *buffer, u32 length,
                   const i64 *offset);
Status NtQueryInformationFile(Handle, IoStatus *, void *information, u32 length, u32 type);

void *MmAllocatePhysicalMemoryEx(u32 type, u32 size, u32 protect, u32 low, u32 high, u32 align);
void MmFreePhysicalMemory(u32 type, void *);
u32 MmGetPhysicalAddress(const volatile void *);

typedef void GraphicsRoutine(u32 source, void *data);
u32 VdInitializeEngines(u32 version, void *, void *, void *, void *);
void VdSetGraphicsInterruptCallback(GraphicsRoutine *, void *data);
void VdInitializeRingBuffer(u32 physical, u32 log2);
void VdEnableRingBufferRPtrWriteBack(u32 physical, u32 log2);
void VdSwap(volatile u32 *target, const u32 *fetch, void *, void *, u32, const u32 *front_buffer, const u32 *format,
            const u32 *colour_space, const u32 *width, const u32 *height) __asm__("sysv_VdSwap");

typedef void AudioRoutine(u32 *argument);
typedef struct { AudioRoutine *routine; u32 argument; } AudioClient;
Status XAudioRegisterRenderDriverClient(const AudioClient *, u32 *driver);
Status XAudioUnregisterRenderDriverClient(u32 driver);
Status XAudioSubmitRenderDriverFrame(u32 driver, const float *samples);

typedef struct { u32 packet; u16 buttons; u8 left, right; short lx, ly, rx, ry; } PadState;
u32 XamInputGetState(u32 user, u32 flags, PadState *);
u32 XamUserGetSigninState(u32 user);
/* The identity is 64 bits wide; none, which is 0, travels alike in both conventions. */
u32 XamUserCreateAchievementEnumerator(u32 title, u32 user, u32 no_xuid, u32 flags, u32 first, u32 count, u32 *size,
                                       Handle *);
u32 XamEnumerate(Handle, u32 flags, void *buffer, u32 size, u32 *count, void *overlapped);
u32 XMsgInProcessCall(u32 app, u32 message, void *block, u32 length);
Handle XamNotifyCreateListener(u64 areas, u32 version) __asm__("sysv_XamNotifyCreateListener");
u32 XNotifyGetNext(Handle, u32 wanted, u32 *id, u32 *parameter);

/* Shorthands. */

#define MILLISECONDS(n) ((i64)(n) * -10000)
#define ON_PROCESSOR(n) (0x1000000u << (n))

static inline Status wait_for(Handle handle, const i64 *timeout) {
  return NtWaitForSingleObjectEx(handle, USER_MODE, 0, timeout);
}

static inline Status sleep_for(i64 time) { return KeDelayExecutionThread(USER_MODE, 0, &time); }

/* The name of the calling thread, said as the platform's debugger hears it. */
static inline void name_thread(const char *name) {
  ExceptionRecord record;
  record.code = 0x406D1388;
  record.flags = 0;
  record.nested = record.address = 0;
  record.count = 4;
  record.information[0] = 0x1000;
  record.information[1] = (u32)name;
  record.information[2] = -1;
  record.information[3] = 0;
  RtlRaiseException(&record);
}

/* A line for the person who runs it: the debug service 20. */
static inline void print(const char *text) {
  register const char *start __asm__("r3") = text;
  register u32 length __asm__("r4") = 0;
  while (text[length]) length++;
  __asm__ volatile("twi 31, 0, 20" : : "r"(start), "r"(length) : "memory");
}

static inline u64 timebase(void) {
  u32 high, low, again;
  do __asm__ volatile("mftbu %0\n\tmftb %1\n\tmftbu %2" : "=r"(high), "=r"(low), "=r"(again));
  while (high != again);
  return (u64)high << 32 | low;
}

/* Self-verification, in lib/checks.s; it uses no frame of the other convention. */
void check_equal(u32 actual, u32 expected);
u32 finish_checks(void);
#define check check_equal

#endif
