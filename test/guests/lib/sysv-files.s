# Exports with more arguments than registers, or with a 64-bit one, for callers of the SysV convention.
        .include "xenon.inc"

        # Arguments beyond the eighth lie at r1 + 8 in words; the kernel's convention has them at r1 + 0x54, in the low
        # halves of 8-byte slots.
        .macro  stack_arguments name, count
        leaf    sysv_\name
        stwu    r1, -0x70(r1)
        mflr    r0
        stw     r0, 0x74(r1)
        lwz     r0, 0x78(r1)
        stw     r0, 0x54(r1)
        .if     \count > 1
        lwz     r0, 0x7C(r1)
        stw     r0, 0x5C(r1)
        .endif
        bl      \name
        lwz     r0, 0x74(r1)
        mtlr    r0
        addi    r1, r1, 0x70
        blr
        endfunction sysv_\name
        .endm

        stack_arguments NtCreateFile, 1
        stack_arguments VdSwap, 2

        # (areas, version): r3:r4, r5 become r3, r4.
        leaf    sysv_XamNotifyCreateListener
        sldi    r3, r3, 32
        clrldi  r4, r4, 32
        or      r3, r3, r4
        mr      r4, r5
        b       XamNotifyCreateListener
        endfunction sysv_XamNotifyCreateListener
