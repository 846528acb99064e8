/** Makes the data base that a title brings among its resources, from the written-down layouts. */

export interface TitlePlan {
  /** Texts by language and number. */
  readonly texts: Readonly<Record<number, Readonly<Record<number, string>>>>
  readonly achievements?: readonly {
    readonly id: number
    readonly label: number
    readonly description: number
    readonly unachieved: number
    readonly image?: number
    readonly score: number
    readonly flags?: number
  }[]
  /** Left out when undefined. */
  readonly defaultLanguage?: number
}

export const titleNameText = 0x8000

const half = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff]
const word = (value: number): number[] => [...half(value >>> 16), ...half(value & 0xffff)]
const letters = (text: string): number[] => [...new TextEncoder().encode(text)]
const magicNumber = (magic: string): number[] => [...word(0), ...letters(magic)]

/** A block: magic, version, bytes behind the magic, fields. */
const block = (magic: string, fields: readonly number[]): number[] => [
  ...letters(magic),
  ...word(1),
  ...word(fields.length + 8),
  ...fields,
]

export function makeTitleData({ texts, achievements = [], defaultLanguage }: TitlePlan): Uint8Array {
  const rows: { space: number; id: number[]; bytes: number[] }[] = [
    {
      space: 1,
      id: magicNumber('XACH'),
      bytes: block('XACH', [
        ...half(achievements.length),
        ...achievements.flatMap(({ id, label, description, unachieved, image = 0, score, flags = 0 }) => [
          ...[id, label, description, unachieved].flatMap(half),
          ...[image, score * 0x10000, flags, 0, 0, 0, 0].flatMap(word),
        ]),
      ]),
    },
    ...(defaultLanguage === undefined
      ? []
      : [{ space: 1, id: magicNumber('XSTC'), bytes: block('XSTC', word(defaultLanguage)) }]),
    ...Object.entries(texts).map(([language, table]) => ({
      space: 3,
      id: [...word(0), ...word(Number(language))],
      bytes: block('XSTR', [
        ...half(Object.keys(table).length),
        ...Object.entries(table).flatMap(([id, text]) => {
          const bytes = letters(text)
          return [...half(Number(id)), ...half(bytes.length), ...bytes]
        }),
      ]),
    })),
  ]
  const room = rows.length + 1
  let at = 0
  const table = rows.flatMap(({ space, id, bytes }) => {
    const row = [...half(space), ...id, ...word(at), ...word(bytes.length)]
    at += bytes.length
    return row
  })
  return Uint8Array.from([
    ...letters('XDBF'),
    ...[0x10000, room, rows.length, 1, 1].flatMap(word),
    ...table,
    ...new Array<number>(18).fill(0),
    ...word(at),
    ...word(0),
    ...rows.flatMap(({ bytes }) => bytes),
  ])
}
