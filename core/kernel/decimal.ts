/** Exact decimal text of doubles, rounded half away from zero, as the platform's formatting prints them. */

const bits = new DataView(new ArrayBuffer(8))

/** |value| as mantissa * 2^exponent, exactly. */
function parts(value: number): { mantissa: bigint; exponent: number } {
  bits.setFloat64(0, value)
  const raw = bits.getBigUint64(0)
  const biased = Number((raw >> 52n) & 0x7ffn)
  const fraction = raw & 0xfffffffffffffn
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 }
}

/** |value| * 10^places, rounded. */
function scaled(value: number, places: number): bigint {
  const { mantissa, exponent } = parts(value)
  let numerator = mantissa
  let denominator = 1n
  if (places >= 0) numerator *= 10n ** BigInt(places)
  else denominator *= 10n ** BigInt(-places)
  if (exponent >= 0) numerator <<= BigInt(exponent)
  else denominator <<= BigInt(-exponent)
  return (2n * numerator + denominator) / (2n * denominator)
}

/** |value| with `places` digits behind the point. */
export function fixedText(value: number, places: number): string {
  const digits = scaled(value, places)
    .toString()
    .padStart(places + 1, '0')
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** |value| as `places` + 1 significant digits and a decimal exponent. */
export function scientificParts(value: number, places: number): { digits: string; exponent: number } {
  if (value === 0) return { digits: '0'.repeat(places + 1), exponent: 0 }
  let exponent = Math.floor(Math.log10(Math.abs(value)))
  // The logarithm may be off by one at a power of ten, and rounding may carry into one more digit.
  for (;;) {
    const digits = scaled(value, places - exponent).toString()
    if (digits.length === places + 1) return { digits, exponent }
    exponent += digits.length > places + 1 ? 1 : -1
  }
}

/** |value| as C's `%a` prints it, without sign. */
export function hexText(value: number, places: number | undefined): string {
  let { mantissa, exponent } = parts(value)
  if (mantissa === 0n) exponent = 0
  else {
    while (mantissa < 1n << 52n) {
      mantissa <<= 1n
      exponent -= 1
    }
    exponent += 52
  }
  if (places !== undefined && places < 13) {
    const drop = BigInt((13 - places) * 4)
    mantissa = ((mantissa + (1n << (drop - 1n))) >> drop) << drop
  }
  const fraction = (mantissa & ((1n << 52n) - 1n)).toString(16).padStart(13, '0')
  const shown = places === undefined ? fraction.replace(/0+$/, '') : fraction.slice(0, places).padEnd(places, '0')
  return `0x${mantissa >> 52n}${shown === '' ? '' : `.${shown}`}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`
}
