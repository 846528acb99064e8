# The bench's integer loop: 25 million rounds of sixteen instructions, registers only, of the kinds that compilers emit
# most (add, rotate and mask, shift, logic, compare, branch). It ends with a line, so it also ends under `qemu-ppc`, by the
# trap; no instruction is beyond a 32-bit processor.
#
# expect: exit=0
# prints: ok: 1 of 1
        .include "xenon.inc"
        frames  xbox

        .set    rounds, 25000000

        function _start
        constant r9, rounds
        mtctr   r9
        li      r3, 1
        li      r5, 0
        constant r6, 0x9E3779B9
        li      r7, 0

loop:   add     r3, r3, r6
        rotlwi  r4, r3, 13
        xor     r3, r3, r4
        srwi    r4, r3, 7
        xor     r3, r3, r4
        rlwimi  r5, r3, 5, 8, 23
        cmplw   r3, r5
        ble     1f
        subf    r5, r5, r3
        addi    r7, r7, 1
1:      clrlwi  r8, r3, 27
        slw     r8, r5, r8
        or      r5, r5, r8
        andc    r5, r5, r4
        addi    r3, r3, -7
        nor     r5, r5, r7
        bdnz    loop

        add     r3, r3, r5
        add     r3, r3, r7
        check   0x49CDCAE0
        bl      finish_checks
        return
        endfunction _start
