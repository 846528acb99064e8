/** Makes small disc images and packages, from the written-down layouts, for the readers to be tried on. */

export type Tree = { readonly [name: string]: Uint8Array | Tree }

const sector = 2048

/** A disc whose partition starts at byte 0; the children of a folder hang on a balanced tree. */
export function makeDisc(tree: Tree): Uint8Array {
  const chunks: { at: number; bytes: Uint8Array }[] = []
  let next = 33

  function place(bytes: Uint8Array): number {
    const at = next
    chunks.push({ at: at * sector, bytes })
    next += Math.max(1, Math.ceil(bytes.length / sector))
    return at
  }

  function folder(entries: Tree): { sector: number; size: number } {
    const rows = Object.entries(entries)
      .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
      .map(([name, content]) => {
        if (!(content instanceof Uint8Array)) return { name, attributes: 0x10, ...folder(content) }
        return { name, attributes: 0x20, sector: place(content), size: content.length }
      })
    if (rows.length === 0) return { sector: 0, size: 0 }
    const offsets: number[] = []
    let end = 0
    for (const row of rows) {
      const length = (14 + row.name.length + 3) & ~3
      if ((end % sector) + length > sector) end = (Math.floor(end / sector) + 1) * sector
      offsets.push(end)
      end += length
    }
    // Ordinal 0 is the root of the tree, so the middle row changes places with the first.
    const middle = rows.length >> 1
    const order = rows.map((_, i) => (i === 0 ? middle : i <= middle ? i - 1 : i))
    const table = new Uint8Array(Math.ceil(end / sector) * sector).fill(0xff)
    const view = new DataView(table.buffer)
    const ends: number[] = []
    let cursor = 0
    order.forEach((row, i) => {
      const length = (14 + (rows[row]?.name.length ?? 0) + 3) & ~3
      if ((cursor % sector) + length > sector) cursor = (Math.floor(cursor / sector) + 1) * sector
      ends[row] = cursor
      if (i === 0) ends[row] = 0
      cursor += length
    })
    const ordinalOf = (row: number): number => (ends[row] ?? 0) / 4
    function link(low: number, high: number): number {
      if (low > high) return 0
      const root = low === 0 && high === rows.length - 1 ? middle : (low + high) >> 1
      const row = rows[root]
      if (row === undefined) return 0
      const at = ends[root] ?? 0
      view.setUint16(at, link(low, root - 1), true)
      view.setUint16(at + 2, link(root + 1, high), true)
      view.setUint32(at + 4, row.sector, true)
      view.setUint32(at + 8, row.size, true)
      view.setUint8(at + 12, row.attributes)
      view.setUint8(at + 13, row.name.length)
      for (let i = 0; i < row.name.length; i += 1) view.setUint8(at + 14 + i, row.name.charCodeAt(i))
      return ordinalOf(root)
    }
    link(0, rows.length - 1)
    return { sector: place(table), size: Math.max(...ends.map((at, i) => at + 14 + (rows[i]?.name.length ?? 0))) }
  }

  const root = folder(tree)
  const image = new Uint8Array(next * sector)
  for (const { at, bytes } of chunks) image.set(bytes, at)
  image.set(new TextEncoder().encode('MICROSOFT*XBOX*MEDIA'), 32 * sector)
  const view = new DataView(image.buffer)
  view.setUint32(32 * sector + 0x14, root.sector, true)
  view.setUint32(32 * sector + 0x18, root.size, true)
  return image
}

const block = 0x1000

/** An STFS package with one or two copies of each hash table; file blocks are scattered when asked. */
export function makePackage(tree: Tree, { copies = 1, scattered = false, active = 0 } = {}): Uint8Array {
  const headerSize = 0x971a
  const base = 0xa000
  const rows: { name: string; parent: number; content: Uint8Array | undefined }[] = []
  function add(entries: Tree, parent: number): void {
    for (const [name, content] of Object.entries(entries)) {
      const index = rows.length
      rows.push({ name, parent, content: content instanceof Uint8Array ? content : undefined })
      if (!(content instanceof Uint8Array)) add(content, index)
    }
  }
  add(tree, 0xffff)
  const tableBlocks = Math.ceil(rows.length / 64)
  const chains: number[][] = [Array.from({ length: tableBlocks }, (_, i) => i)]
  let next = tableBlocks
  for (const row of rows) {
    const blocks = Array.from({ length: Math.ceil((row.content?.length ?? 0) / block) }, () => next++)
    chains.push(scattered ? blocks.reverse() : blocks)
  }
  const total = next
  const physical = (n: number): number => {
    let p = n + copies * (Math.floor(n / 170) + 1)
    if (n >= 170) p += copies * (Math.floor(n / 28900) + 1)
    return p
  }
  const image = new Uint8Array(base + (physical(total) + 1 + 2 * copies) * block)
  const view = new DataView(image.buffer)
  const at = (n: number): number => base + physical(n) * block
  const level0 = (n: number): number => (n < 170 ? 0 : Math.floor(n / 170) * (170 + copies) + copies)
  const topLevel = total <= 170 ? 0 : 1
  for (const chain of chains)
    chain.forEach((n, i) => {
      const copy = copies === 2 ? active : 0
      const row = base + (level0(n) + copy) * block + (n % 170) * 24 + 20
      view.setUint32(row, (0x80000000 | (chain[i + 1] ?? 0xffffff)) >>> 0)
    })
  if (topLevel === 1)
    for (let i = 0; i <= Math.floor(total / 170); i += 1)
      view.setUint32(base + (170 + copies + (copies === 2 ? active : 0)) * block + i * 24 + 20, active << 30)
  rows.forEach((row, i) => {
    const start = at(Math.floor(i / 64)) + (i % 64) * 64
    image.set(new TextEncoder().encode(row.name), start)
    const chain = chains[i + 1] ?? []
    const first = chain[0] ?? 0
    view.setUint8(start + 0x28, row.name.length | (scattered ? 0 : 0x40) | (row.content === undefined ? 0x80 : 0))
    view.setUint16(start + 0x2f, first & 0xffff, true)
    view.setUint8(start + 0x31, first >>> 16)
    view.setUint16(start + 0x32, row.parent)
    view.setUint32(start + 0x34, row.content?.length ?? 0)
    chain.forEach((n, k) => {
      image.set(row.content?.subarray(k * block, (k + 1) * block) ?? new Uint8Array(), at(n))
    })
  })
  image.set(new TextEncoder().encode('CON '), 0)
  view.setUint32(0x340, headerSize)
  view.setUint32(0x344, 1)
  view.setUint32(0x360, 0x58410001)
  view.setUint8(0x379, 0x24)
  view.setUint8(0x37b, (copies === 1 ? 1 : 0) | (active << 1))
  view.setUint16(0x37c, tableBlocks, true)
  view.setUint32(0x395, total)
  view.setUint16(0x411, 0x41)
  return image
}

/** The same disc as an installed one: a header, and fragments in which hash tables lie between the sectors. */
export function makeInstalledDisc(disc: Uint8Array): { header: Uint8Array; fragment: Uint8Array } {
  const header = new Uint8Array(0xa000)
  header.set(new TextEncoder().encode('LIVE'))
  const view = new DataView(header.buffer)
  view.setUint32(0x340, 0x971a)
  view.setUint8(0x379, 0x24)
  view.setUint8(0x391, 0x40)
  // Sector 32, the volume descriptor, is the first that is stored.
  view.setUint16(0x395, 17, true)
  view.setUint32(0x3a9, 1)
  const parts: Uint8Array[] = [new Uint8Array(0x1000).fill(0xee)]
  for (let i = 32; i * sector < disc.length; i += 1) {
    if ((i - 32) % 0x198 === 0) parts.push(new Uint8Array(0x1000).fill(0xdd))
    parts.push(disc.subarray(i * sector, (i + 1) * sector))
  }
  return { header, fragment: new Uint8Array(Buffer.concat(parts)) }
}
