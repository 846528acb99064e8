import { z } from 'zod'
import { limits, type ObjectKind, objectKinds } from '../../core/index.ts'

/** One value or several; a number may be hex. */
const list = <T extends z.ZodType>(item: T) =>
  z.preprocess(value => (value === undefined ? [] : [value].flat()), z.array(item))
const word = z
  .string()
  .regex(/^(0x[0-9a-f]{1,8}|\d{1,10})$/i, 'expected a number up to 0xFFFFFFFF')
  .transform(Number)
  .pipe(z.number().max(0xffffffff))
const kind = z.enum(Object.keys(objectKinds) as [ObjectKind, ...ObjectKind[]])

export const options = z.strictObject({
  enabled: z.stringbool().default(true).describe('whether anything is recorded'),
  handles: list(word).describe('handle values in focus; repeat for more'),
  addresses: list(word).describe('object addresses in focus'),
  kinds: list(kind).describe('kinds in focus, such as Event/Auto'),
  callers: list(word).describe('creating call sites in focus: an address in the back chain of the creation'),
  depth: z.coerce
    .number()
    .int()
    .min(1)
    .max(1024)
    .default(limits.trailPerCategory.value)
    .describe('facts kept of each category of each object'),
  memory: z.coerce
    .number()
    .int()
    .min(1)
    .max(4096)
    .default(limits.trailBytes.value / 2 ** 20)
    .describe('MiB of all trails together'),
  show: z.coerce.number().int().min(1).max(1024).default(8).describe('facts of each category in the report'),
})

export type Options = z.infer<typeof options>
