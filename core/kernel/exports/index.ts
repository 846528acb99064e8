/** Every export the kernel offers: lists of rows, one after the other. The order means nothing. */
import type { Entry } from '../call.ts'
import { missingXam } from './xam/missing.ts'
import { missingXbdm } from './xbdm/missing.ts'
import { config } from './xboxkrnl/config.ts'
import { events } from './xboxkrnl/events.ts'
import { memory } from './xboxkrnl/memory.ts'
import { missingXboxkrnl } from './xboxkrnl/missing.ts'
import { strings } from './xboxkrnl/strings.ts'
import { video } from './xboxkrnl/video.ts'

export const allEntries: readonly Entry[] = [
  ...config,
  ...events,
  ...memory,
  ...strings,
  ...video,
  ...missingXboxkrnl,
  ...missingXam,
  ...missingXbdm,
]
