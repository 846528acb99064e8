# Exceptions while another is cleaned up after. Clean-up code raises: the search goes on from the frame that was being
# cleaned up, not from the frames that are gone, and the unwinding that follows takes over where the first stood, so that
# what was cleaned up is not cleaned up again. Clean-up code jumps out of itself: likewise. Clean-up code raises and catches
# within itself: then the first unwinding goes on as if nothing had been.
#
# expect: exit=0 stop=finished
# prints: raises while it cleans up
# prints: cleaned up around it
# prints: caught the second
# prints: jumps out of its clean-up
# prints: cleaned up around the jump
# prints: went on behind the jump
# prints: caught within a clean-up
# prints: caught the first after all
# prints: ok: 1 of 1
        .include "xenon.inc"
        .include "exceptions.inc"
        frames  xbox

        .set    code.first, 0xE0000001
        .set    code.second, 0xE0000002

        .text
        .balign 8
        .globl  _start
        .type   _start, @function
_start:
        mflr    r12
        stw     r12, -8(r1)
        std     r30, -0x10(r1)
        stwu    r1, -0x70(r1)
        row     _start, 4, 0x40000000
        constant r30, 0x30303030
        bl      raising
        bl      jumping
        bl      catching
        mr      r3, r30                 # as it was before all of it
        check   0x30303030
        bl      finish_checks
        li      r3, 0
        addi    r1, r1, 0x70
        ld      r30, -0x10(r1)
        lwz     r12, -8(r1)
        mtlr    r12
        blr
_start.end:
        .size   _start, . - _start

# Raises the code in r3; the record lies in its frame.
        .text
        .balign 8
        .type   raise, @function
raise:
        mflr    r12
        stw     r12, -8(r1)
        stwu    r1, -0xC0(r1)
        row     raise, 3, 0x40000000
        stw     r3, 0x60(r1)
        li      r4, 0
        stw     r4, 0x64(r1)
        stw     r4, 0x68(r1)
        stw     r4, 0x70(r1)
        addi    r3, r1, 0x60
        bl      RtlRaiseException
        trap
raise.end:
        .size   raise, . - raise

        filter  always
        li      r3, 1
        endfilter always

# Takes the second alone.
        filter  second
        lwz     r3, 0(r3)
        lwz     r4, 0(r3)
        constant r5, code.second
        li      r3, 0
        cmplw   r4, r5
        bnelr
        li      r3, 1
        endfilter second

# ---- clean-up code that raises ----

        guarded raising, raising.scopes
        li      r30, 1
1:      bl      raising.middle
        nop
2:      leave
3:      constant r4, code.second
        cmplw   r3, r4
        bne     2b
        cmplwi  r30, 1
        bne     2b
        print   "caught the second"
        b       2b
        endguarded raising
        scopes  raising.scopes
        .long   1
        .long   1b, 2b, always, 3b
        endscopes

        guarded raising.middle, raising.middle.scopes
        li      r30, 2
1:      bl      raising.deep
        nop
2:      nop
3:      leave
        endguarded raising.middle
        scopes  raising.middle.scopes
        .long   2
        .long   1b, 2b, raising.cleanup, 0
        .long   1b, 3b, raising.around, 0
        endscopes

        cleanup raising.cleanup
        print   "raises while it cleans up"
        constant r3, code.second
        bl      raise
        endcleanup raising.cleanup

        cleanup raising.around
        print   "cleaned up around it"
        endcleanup raising.around

        guarded raising.deep, raising.deep.scopes
        li      r30, 3
        constant r3, code.first
1:      bl      raise
        nop
2:      leave
3:      print   "a frame that was gone took it"
        b       2b
        endguarded raising.deep
        scopes  raising.deep.scopes
        .long   1
        .long   1b, 2b, second, 3b
        endscopes

# ---- clean-up code that jumps out of itself ----

        guarded jumping, jumping.scopes
        li      r30, 4
1:      bl      jumping.target
        nop
2:      leave
3:      print   "the first exception came through"
        b       2b
        endguarded jumping
        scopes  jumping.scopes
        .long   1
        .long   1b, 2b, always, 3b
        endscopes

        space   jump.frame, 4

        .text
        .balign 8
        .type   jumping.target, @function
jumping.target:
        mflr    r12
        stw     r12, -8(r1)
        std     r31, -0x10(r1)
        addi    r31, r1, -0x80
        stwu    r1, -0x80(r1)
        row     jumping.target, 5, 0x40000000
        addi    r3, r31, 0x80
        address r4, jump.frame
        stw     r3, 0(r4)
        bl      jumping.middle
        trap
jumping.landed:
        cmplwi  r3, 77
        bne     1f
        print   "went on behind the jump"
1:      addi    r1, r31, 0x80
        ld      r31, -0x10(r1)
        lwz     r12, -8(r1)
        mtlr    r12
        blr
jumping.target.end:
        .size   jumping.target, . - jumping.target

        guarded jumping.middle, jumping.middle.scopes
        constant r3, code.first
1:      bl      raise
        nop
2:      nop
3:      leave
        endguarded jumping.middle
        scopes  jumping.middle.scopes
        .long   2
        .long   1b, 2b, jumping.cleanup, 0
        .long   1b, 3b, jumping.around, 0
        endscopes

        cleanup jumping.cleanup
        print   "jumps out of its clean-up"
        address r3, jump.frame
        lwz     r3, 0(r3)
        address r4, jumping.landed
        li      r5, 0
        li      r6, 77
        bl      RtlUnwind
        endcleanup jumping.cleanup

        cleanup jumping.around
        print   "cleaned up around the jump"
        endcleanup jumping.around

# ---- clean-up code that raises and catches within itself ----

        guarded catching, catching.scopes
        li      r30, 5
1:      bl      catching.middle
        nop
2:      leave
3:      constant r4, code.first
        cmplw   r3, r4
        bne     2b
        cmplwi  r30, 5
        bne     2b
        print   "caught the first after all"
        b       2b
        endguarded catching
        scopes  catching.scopes
        .long   1
        .long   1b, 2b, always, 3b
        endscopes

        guarded catching.middle, catching.middle.scopes
        li      r30, 6
        constant r3, code.first
1:      bl      raise
        nop
2:      leave
        endguarded catching.middle
        scopes  catching.middle.scopes
        .long   1
        .long   1b, 2b, catching.cleanup, 0
        endscopes

        cleanup catching.cleanup
        bl      catching.inner
        endcleanup catching.cleanup

        guarded catching.inner, catching.inner.scopes
        constant r3, code.second
1:      bl      raise
        nop
2:      leave
3:      print   "caught within a clean-up"
        b       2b
        endguarded catching.inner
        scopes  catching.inner.scopes
        .long   1
        .long   1b, 2b, second, 3b
        endscopes
