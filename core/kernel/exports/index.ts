/** Every export the kernel offers: lists of rows, one after the other. The order means nothing. */
import type { Entry } from '../call.ts'
import { achievements } from './xam/achievements.ts'
import { xamClocks } from './xam/clocks.ts'
import { company } from './xam/company.ts'
import { content } from './xam/content.ts'
import { xamFiles } from './xam/files.ts'
import { xamHeaps } from './xam/heaps.ts'
import { input } from './xam/input.ts'
import { loader } from './xam/loader.ts'
import { locales } from './xam/locale.ts'
import { xamMessages } from './xam/messages.ts'
import { missingXam } from './xam/missing.ts'
import { net } from './xam/net.ts'
import { notify } from './xam/notify.ts'
import { packages } from './xam/packages.ts'
import { xamPaths } from './xam/paths.ts'
import { processes } from './xam/processes.ts'
import { profileSettings } from './xam/profile.ts'
import { screenRows } from './xam/screens.ts'
import { shell } from './xam/shell.ts'
import { xamSignals } from './xam/signals.ts'
import { sockets } from './xam/sockets.ts'
import { system } from './xam/system.ts'
import { xamTasks } from './xam/tasks.ts'
import { ui } from './xam/ui.ts'
import { user } from './xam/user.ts'
import { missingXbdm } from './xbdm/missing.ts'
import { debugMonitor } from './xbdm/monitor.ts'
import { animation } from './xboxkrnl/animation.ts'
import { apcs } from './xboxkrnl/apc.ts'
import { audio } from './xboxkrnl/audio.ts'
import { bigNumbers } from './xboxkrnl/big-numbers.ts'
import { cache } from './xboxkrnl/cache.ts'
import { cancels } from './xboxkrnl/cancel.ts'
import { config } from './xboxkrnl/config.ts'
import { crypto } from './xboxkrnl/crypto.ts'
import { debug } from './xboxkrnl/debug.ts'
import { decompression } from './xboxkrnl/decompression.ts'
import { deviceQueues } from './xboxkrnl/device-queues.ts'
import { devices } from './xboxkrnl/devices.ts'
import { directories } from './xboxkrnl/directories.ts'
import { dpcs } from './xboxkrnl/dpc.ts'
import { events } from './xboxkrnl/events.ts'
import { exceptions } from './xboxkrnl/exceptions.ts'
import { files } from './xboxkrnl/files.ts'
import { images } from './xboxkrnl/images.ts'
import { interrupts } from './xboxkrnl/interrupts.ts'
import { keyedHashes } from './xboxkrnl/keyed-hashes.ts'
import { keys } from './xboxkrnl/keys.ts'
import { locks } from './xboxkrnl/locks.ts'
import { memory } from './xboxkrnl/memory.ts'
import { missingXboxkrnl } from './xboxkrnl/missing.ts'
import { modules } from './xboxkrnl/modules.ts'
import { mutants } from './xboxkrnl/mutants.ts'
import { notifications } from './xboxkrnl/notifications.ts'
import { objects } from './xboxkrnl/objects.ts'
import { print } from './xboxkrnl/print.ts'
import { priorities } from './xboxkrnl/priorities.ts'
import { processors } from './xboxkrnl/processors.ts'
import { queues } from './xboxkrnl/queues.ts'
import { semaphores } from './xboxkrnl/semaphores.ts'
import { strings } from './xboxkrnl/strings.ts'
import { threads } from './xboxkrnl/threads.ts'
import { clocks } from './xboxkrnl/time.ts'
import { timers } from './xboxkrnl/timers.ts'
import { variables } from './xboxkrnl/variables.ts'
import { video } from './xboxkrnl/video.ts'
import { waits } from './xboxkrnl/waits.ts'
import { xma } from './xboxkrnl/xma.ts'

export const allEntries: readonly Entry[] = [
  ...events,
  ...animation,
  ...deviceQueues,
  ...cancels,
  ...devices,
  ...exceptions,
  ...semaphores,
  ...mutants,
  ...timers,
  ...waits,
  ...threads,
  ...priorities,
  ...apcs,
  ...dpcs,
  ...interrupts,
  ...processors,
  ...notifications,
  ...locks,
  ...objects,
  ...queues,
  ...clocks,
  ...modules,
  ...images,
  ...variables,
  ...debug,
  ...debugMonitor,
  ...loader,
  ...locales,
  ...config,
  ...crypto,
  ...decompression,
  ...keys,
  ...keyedHashes,
  ...bigNumbers,
  ...files,
  ...directories,
  ...cache,
  ...memory,
  ...strings,
  ...video,
  ...print,
  ...content,
  ...achievements,
  ...packages,
  ...company,
  ...input,
  ...audio,
  ...xma,
  ...net,
  ...sockets,
  ...notify,
  ...processes,
  ...xamHeaps,
  ...xamFiles,
  ...xamPaths,
  ...xamClocks,
  ...xamSignals,
  ...xamMessages,
  ...system,
  ...ui,
  ...screenRows,
  ...shell,
  ...user,
  ...profileSettings,
  ...xamTasks,
  ...missingXboxkrnl,
  ...missingXam,
  ...missingXbdm,
]
