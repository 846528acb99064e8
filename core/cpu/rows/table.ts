import { branchAliases, branchRows } from './branch.ts'
import { compareAliases, compareRows } from './compare.ts'
import { floatRows } from './float.ts'
import { floatStatusRows } from './float-status.ts'
import { integerAliases, integerRows } from './integer.ts'
import { loadStoreRows } from './load-store.ts'
import type { Alias, Row } from './row.ts'
import { hintRows, systemAliases, systemRows } from './system.ts'
import { vectorRows } from './vector.ts'
import { vectorFloatRows } from './vector-float.ts'
import { vectorMemoryRows } from './vector-memory.ts'
import { vector128Rows } from './vector128.ts'

/** Every instruction of the machine. Order means nothing. */
export const rows: readonly Row[] = [
  ...integerRows,
  ...compareRows,
  ...branchRows,
  ...loadStoreRows,
  ...systemRows,
  ...floatRows,
  ...floatStatusRows,
  ...vectorRows,
  ...vectorMemoryRows,
  ...vectorFloatRows,
  ...vector128Rows,
]

/** Single words of an instruction that say more than it does: they come before it. */
export const hints: readonly Row[] = hintRows

/** Every simplified mnemonic. Where several name a word, the first is shown. */
export const aliases: readonly Alias[] = [...integerAliases, ...compareAliases, ...branchAliases, ...systemAliases]
