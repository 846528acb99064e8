# Structured exceptions: a load from nowhere is caught by a filter that looks at its code and address; a clean-up runs on
# the way; a filter mends the context so that the instruction succeeds; what the title raises itself is cleaned up after,
# raised again and caught further up; a trap of the compiler's before a division becomes an exception too. Then one that
# nobody wants: the end names its code. Registers that a function saved come back as they were, vectors among them.
#
# expect: exit=5 stop=fault
# prints: cleaned up
# prints: caught an access violation
# prints: mended
# prints: cleaned up
# prints: caught again
# prints: divided by zero
# prints: unwound by hand
# fault: symbol=nobody offset=0x20 address=0xC
        .include "xenon.inc"
        .include "exceptions.inc"
        frames  xbox

        .set    code.access, 0xC0000005
        .set    code.own, 0xE0001234
        .set    code.divide, 0xC0000094

        word    buffer, 0x600D

        .text
        .balign 8
        .globl  _start
        .type   _start, @function
_start:
        mflr    r12
        stw     r12, -8(r1)
        stwu    r1, -0x60(r1)
        row     _start, 3, 0x40000000
        constant r30, 0x30303030
        constant r29, 0x29292929
        vspltisw v31, 7
        bl      catches
        bl      mends
        bl      outer
        bl      divides
        bl      target
        bl      kept
        bl      nobody
        addi    r1, r1, 0x60
        lwz     r12, -8(r1)
        mtlr    r12
        blr
_start.end:
        .size   _start, . - _start

# The registers of _start have come through all of it.
        function kept
        constant r5, 0x30303030
        cmpw    r30, r5
        bne     1f
        constant r5, 0x29292929
        cmpw    r29, r5
        bne     1f
        vspltisw v0, 7
        vcmpequw. v0, v0, v31
        bnl     cr6, 1f
        return
1:      print   "a register was lost"
        return
        endfunction kept

# ---- an access violation, caught two calls up, with a clean-up between ----

        guarded catches, catches.scopes
        li      r30, 11
1:      bl      cleans
2:      print   "not reached"
3:      cmplwi  r30, 11
        bne     4f
        lis     r4, code.access >> 16
        ori     r4, r4, code.access & 0xFFFF
        cmplw   r3, r4
        bne     4f
        print   "caught an access violation"
4:      leave
        endguarded catches
        scopes  catches.scopes
        .long   1
        .long   1b, 2b, catches.filter, 3b
        endscopes

        filter  catches.filter
        lwz     r3, 0(r3)
        lwz     r4, 0(r3)
        lwz     r3, 0x18(r3)
        lis     r5, code.access >> 16
        ori     r5, r5, code.access & 0xFFFF
        cmplw   cr0, r4, r5
        cmplwi  cr1, r3, 0x44
        li      r3, 0
        bnelr   cr0
        bnelr   cr1
        li      r3, 1
        endfilter catches.filter

        guarded cleans, cleans.scopes
        li      r30, 22
1:      bl      reads
        nop
2:      leave
        endguarded cleans
        scopes  cleans.scopes
        .long   1
        .long   1b, 2b, cleans.cleanup, 0
        endscopes

        cleanup cleans.cleanup
        print   "cleaned up"
        endcleanup cleans.cleanup

# Saves registers by a run of entries, as large functions do, a vector among them.
        .text
        .balign 8
        .type   reads, @function
reads:
        mflr    r12
        bl      save.29
        addi    r12, r1, -0x20
        bl      save.v31
        stwu    r1, -0xA0(r1)
        row     reads, 5, 0x40000000
        li      r29, 1
        li      r30, 2
        li      r31, 3
        vspltisw v31, 1
        li      r4, 0x40
        lwz     r3, 4(r4)
        trap
reads.end:
        .size   reads, . - reads

        .type   save.29, @function
save.29:
        row     save.29, 5, 0
        std     r29, -0x20(r1)
        std     r30, -0x18(r1)
        std     r31, -0x10(r1)
        stw     r12, -8(r1)
        blr
save.29.end:
        .size   save.29, . - save.29
        .type   save.v31, @function
save.v31:
        row     save.v31, 3, 0
        li      r11, -0x10
        stvx    v31, r11, r12
        blr
save.v31.end:
        .size   save.v31, . - save.v31

# ---- a filter that mends the context ----

        guarded mends, mends.scopes
1:      li      r4, 0x40
        lwz     r3, 4(r4)
        cmplwi  r3, 0x600D
        bne     2f
        print   "mended"
2:      leave
        endguarded mends
        scopes  mends.scopes
        .long   1
        .long   1b, 2b, mends.filter, 2b
        endscopes

        filter  mends.filter
        lwz     r3, 4(r3)
        address r4, buffer
        addi    r4, r4, -4
        std     r4, 0x38(r3)
        li      r3, -1
        endfilter mends.filter

# ---- one of its own, cleaned up after, raised again by the one who caught it ----

        guarded outer, outer.scopes
1:      bl      inner
        nop
2:      leave
3:      lis     r4, code.own >> 16
        ori     r4, r4, code.own & 0xFFFF
        cmplw   r3, r4
        bne     2b
        print   "caught again"
        b       2b
        endguarded outer
        scopes  outer.scopes
        .long   1
        .long   1b, 2b, always, 3b
        endscopes

        filter  always
        li      r3, 1
        endfilter always

        guarded inner, inner.scopes
1:      bl      raise_own
        nop
2:      leave
3:      bl      raise_own
        b       2b
4:
        endguarded inner
        scopes  inner.scopes
        .long   2
        .long   1b, 2b, always, 3b
        .long   1b, 4b, inner.cleanup, 0
        endscopes

        cleanup inner.cleanup
        print   "cleaned up"
        endcleanup inner.cleanup

        space   record, 0x50

        .text
        .balign 8
        .type   raise_own, @function
raise_own:
        mflr    r12
        stw     r12, -8(r1)
        stwu    r1, -0x60(r1)
        row     raise_own, 3, 0x40000000
        address r3, record
        lis     r4, code.own >> 16
        ori     r4, r4, code.own & 0xFFFF
        stw     r4, 0(r3)
        li      r4, 0
        stw     r4, 4(r3)
        stw     r4, 8(r3)
        stw     r4, 16(r3)
        bl      RtlRaiseException
        trap
raise_own.end:
        .size   raise_own, . - raise_own

# ---- the trap before a division ----

        guarded divides, divides.scopes
        li      r4, 0
1:      twllei  r4, 0
        divw    r3, r3, r4
2:      leave
3:      lis     r4, code.divide >> 16
        ori     r4, r4, code.divide & 0xFFFF
        cmplw   r3, r4
        bne     2b
        print   "divided by zero"
        b       2b
        endguarded divides
        scopes  divides.scopes
        .long   1
        .long   1b, 2b, always, 3b
        endscopes

# ---- RtlUnwind by hand, as longjmp calls it ----

        .text
        .balign 8
        .type   target, @function
target:
        mflr    r12
        stw     r12, -8(r1)
        std     r31, -0x10(r1)
        addi    r31, r1, -0x80
        stwu    r1, -0x80(r1)
        row     target, 5, 0x40000000
        addi    r3, r31, 0x80
        bl      leaps
        trap
1:      cmplwi  r3, 77
        bne     2f
        print   "unwound by hand"
2:      addi    r1, r31, 0x80
        ld      r31, -0x10(r1)
        lwz     r12, -8(r1)
        mtlr    r12
        blr
target.end:
        .size   target, . - target

        .type   leaps, @function
leaps:
        std     r31, -0x48(r1)
        mflr    r31
        stwu    r1, -0x50(r1)
        row     leaps, 3, 0x40000000
        address r4, 1b
        li      r5, 0
        li      r6, 77
        bl      RtlUnwind
        trap
leaps.end:
        .size   leaps, . - leaps

# ---- nobody wants it ----

        guarded nobody, nobody.scopes
        nop
        li      r4, 8
1:      lwz     r3, 4(r4)
2:      leave
        endguarded nobody
        scopes  nobody.scopes
        .long   1
        .long   1b, 2b, never, 2b
        endscopes

        filter  never
        li      r3, 0
        endfilter never
