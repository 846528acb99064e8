import { operations } from '../arithmetic.ts'
import { code, createWriter, valueTypes } from './bytes.ts'
import { preamble, writeSection } from './encode.ts'
import { instructions } from './instructions.ts'

/**
 * Whether the relaxed multiply-add of this host rounds once, in doubles and in singles. The specification lets it round
 * twice instead, but always in one of the two ways. It is asked with operands that come as parameters, so that nothing
 * is computed beforehand: (1 + ulp)² - (1 + 2 ulp) is ulp² where the product is not rounded, and zero where it is.
 */
let known: boolean | undefined
export function hostFuses(): boolean {
  known ??= probe()
  return known
}

function probe(): boolean {
  const writer = createWriter(256)
  const w = instructions(writer)
  const section = (id: number, write: () => void): void => writeSection(writer, id, write)
  writer.bytes(preamble)
  section(1, () => {
    const { f64 } = valueTypes
    writer.bytes([1, 0x60, 3, f64, f64, f64, 1, f64])
  })
  section(3, () => writer.bytes([2, 0, 0]))
  section(7, () => {
    writer.u32(2)
    for (const [index, name] of ['double', 'single'].entries()) {
      writer.name(name)
      writer.bytes([0x00, index])
    }
  })
  section(10, () => {
    writer.u32(2)
    for (const double of [true, false]) {
      const mark = writer.open()
      writer.u32(0)
      for (const parameter of [0, 1, 2]) {
        w.get(parameter)
        if (!double) w.do(operations['f32.demote_f64'])
        w.do(double ? operations['f64x2.splat'] : operations['f32x4.splat'])
      }
      w.do(double ? operations['f64x2.relaxed_madd'] : operations['f32x4.relaxed_madd'])
      w.do(double ? operations['f64x2.extract_lane'] : operations['f32x4.extract_lane'], 0)
      if (!double) w.do(operations['f64.promote_f32'])
      writer.u8(code.end)
      writer.close(mark)
    }
  })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(writer.finish()))
  const fuses = (name: string, ulp: number): boolean => {
    const madd = exports[name] as unknown as (a: number, b: number, c: number) => number
    return madd(1 + ulp, 1 + ulp, -(1 + 2 * ulp)) === ulp * ulp
  }
  return fuses('double', 2 ** -52) && fuses('single', 2 ** -23)
}
