# Exports with a 64-bit argument, for callers of the SysV convention, which passes it in a pair of registers; the
# kernel's convention takes it whole in one.
        .include "xenon.inc"

        # (timer, due, period, dpc): r3, r5:r6, r7, r8 become r3, r4, r5, r6. A tail call: LR stays the caller's.
        leaf    sysv_KeSetTimerEx
        sldi    r4, r5, 32
        clrldi  r6, r6, 32
        or      r4, r4, r6
        mr      r5, r7
        mr      r6, r8
        b       KeSetTimerEx
        endfunction sysv_KeSetTimerEx
