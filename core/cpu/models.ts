/**
 * What no public source fixes to the last bit, and the model that is followed instead. A row whose result rests on one
 * names it (`modelled` in rows/row.ts), and so does the comparison with QEMU where it hides what is open; `xenoscope
 * instructions --models` prints the list with its rows.
 */
export const models = {
  reciprocal:
    'A reciprocal estimate is the correctly rounded reciprocal; it is never inexact, and FI and FR are clear.',
  'double-root':
    'frsqrte looks 8 bits of the fraction up in a table of 16 entries, reported from the hardware; the rest is zero.',
  'vector-root':
    'vrsqrtefp follows a table of 32 lines, reported from the hardware; a denormal is made normal first where VSCR.NJ = 0.',
  exponential:
    'vexptefp is 2^x computed in doubles (error below 2^-40) and rounded to single; whole exponents are exact.',
  logarithm:
    'vlogefp is log2(x) computed in doubles (error below 2^-40) and rounded to single; powers of two are exact.',
  'enabled-exceptions':
    'Titles run with MSR.FE0 = FE1 = 0, so no floating-point exception traps. An enabled invalid operation or division by zero keeps its target (VE, ZE); an enabled overflow or underflow (OE, UE) gives the result of a disabled one, its exponent not adjusted, and FEX tells.',
  'dot-product':
    'Exact products, summed in doubles as (p0 + p2) + p1, or (p0 + p2) + (p1 + p3), and rounded once; finite operands that overflow give 0x7FC00000, denormals are zero whatever VSCR.NJ says.',
  'packed-half':
    'A packed half uses all its range, up to 131008, and has no infinity and no NaN; it is truncated, and below 2^-14 it is zero.',
  'pack-mask': 'A vpkd3d128 with MASK 0 writes no word; format 7, which nobody knows, is an illegal instruction.',
  'vector-nan':
    'Of several vector operands that are NaNs the result is the first of VA, addend, factor, quieted; a new NaN is 0x7FC00000.',
  'nan-saturates': 'A conversion of a NaN to integers gives zero and sets VSCR[SAT].',
  'impossible-quotient': 'A division by zero gives 0, and the most negative number by -1 gives itself.',
  'high-word': 'The high word of mulhw is that of the 64-bit signed product; those of mulhwu, divw and divwu are zero.',
  'integer-in-float':
    'A word made of a double has its sign in the high word; mffs has zero there. FPRF stays as it was.',
  'other-elements': 'A load of one element loads the whole 16 bytes around it.',
  'other-fields':
    'mfocrf gives the whole condition register; mtocrf changes nothing unless its mask names exactly one field.',
  'update-of-target': 'A load with update into its own base register leaves what was loaded.',
  'other-reservation': 'A conditional store to another address, or of another size, than the reservation fails.',
  'unequal-shifts': 'vsl and vsr shift by the count in the last byte.',
  'counting-jump': 'A bcctr that counts down the register it jumps through is an illegal instruction.',
  'reserved-vscr': 'VSCR keeps NJ and SAT; every other bit reads as zero.',
} as const satisfies Record<string, string>

export type ModelName = keyof typeof models
