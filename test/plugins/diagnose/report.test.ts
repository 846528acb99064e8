import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runFile } from '../../kit/runs.ts'

const guests = new URL('../../guests', import.meta.url).pathname

/** The answer of a guest's report, its line breaks taken out. */
async function answerOf(guest: string): Promise<string> {
  const { sections } = await runFile(join(guests, `${guest}.elf`), { plugins: ['diagnose'] })
  return (sections[0]?.lines ?? []).join(' ').replaceAll(/\s+/g, ' ')
}

test('of a title that waits for the GPU the report says what the command stream waits for, and how far it came', async () => {
  const { sections } = await runFile(join(guests, 'stream-stands.elf'), { plugins: ['diagnose'] })
  const graphics = sections.find(({ title }) => title === 'Graphics')
  expect(graphics?.lines.join(' ').replaceAll(/\s+/g, ' ')).toMatch(
    /^The command stream stands on the packet at physical 0x\w{8}, WAIT_REG_MEM: until the word at physical 0x\w{8} is 0x5; it is 0x0\. 1 frame; the last at \d+ \w+ 1 fence; the last at .*: 0x1 at physical 0x\w{8}$/,
  )
  expect(graphics?.data).toMatchObject({
    frames: 1,
    fences: 1,
    last: { value: 1, by: 'command-stream', actor: 'device' },
  })
})

test.each([
  ['never-signalled', 'NtSetEvent at set_ready+0x18 would signal it, and never ran'],
  ['suspended-producer', 'thread 2 begins there, and was made suspended and never resumed'],
  ['suspended-producer', 'Thread 2 was made suspended, and nobody ever resumed it.'],
  ['handle-reused', '0x1004 named Event/Auto #2 before, until thread 1 "main" closed it at'],
  ['handle-reused', 'would signal it, and ran before, on another object; thread 1 "main" ran load_level'],
  ['ghost-signal', 'perhaps meant for it: thread 3 "disc" signalled 0x1004 at 1.0 ms, which was closed before'],
  ['idle-workers', 'likewise thread 3 "worker-2" at work+0x2C ← worker_two+0x1C'],
  ['lost-wake-up', 'thread 3 "producer" (NtPulseEvent at producer+0x48) pulsed it at 1.0 ms, when nobody waited.'],
  ['deadlock', 'thread 2 "left" waits on Mutant 0x1008 #3; thread 3 "right" holds it'],
  ['chain', 'behind it thread 3 "reader" waits on Mutant 0x1004 #2 thread 1 "main" waits on Thread'],
  ['section-owner-gone', 'critical section at 0x82020340 (section) #2: its owner, thread 2 "loader", exited'],
  ['vtable-hang', 'KeSetEvent at StreamDecoder_push+0x18 signals the member at +0x14 of what it is given, as this is'],
  ['xam-task', 'Thread 1 "main" and thread 3 "save-task" seem to wait for each other.'],
  ['poll-for-ever', 'Thread 2 "streamer" polls for ever on Event/Manual 0x1004 #2: nobody ever signalled it.'],
  ['fault', 'Thread 1 faulted. at read_entry+0x14'],
])('of %s the report says: %s', async (guest, line) => {
  expect(await answerOf(guest)).toContain(line)
})

test('calls that had no effect are told with their number and the reason', async () => {
  const { sections } = await runFile(join(guests, 'title-road.elf'), { plugins: ['diagnose'] })
  const section = sections.find(({ title }) => title === 'Answered without effect')
  expect(section?.lines.map(line => line.replaceAll(/ {2,}/g, ' · '))).toContainEqual(
    expect.stringMatching(/^VdInitializeEngines · xboxkrnl.exe · 1 call · the engines have no microcode/),
  )
  expect(section?.data).toMatchObject({ name: 'idleExports' })
})
