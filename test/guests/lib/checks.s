# Self-verification: check_equal(actual, expected) counts; finish_checks() prints "ok: 12 of 12", or the first check that
# failed with its two numbers, and returns 0 or 1 for the entry function to return. Safe to call from several threads.
        .include "xenon.inc"

        word    checks_made
        word    checks_passed
        word    failed_number
        word    failed_actual
        word    failed_expected
        space   line, 128
        space   digits, 16

        leaf    check_equal
        increment checks_made
        cmplw   r3, r4
        bne-    2f
        increment checks_passed
        blr
2:      load    r9, failed_number
        cmplwi  r9, 0
        bnelr
        store   r10, failed_number
        store   r3, failed_actual
        store   r4, failed_expected
        blr
        endfunction check_equal

        function finish_checks
        address r8, line
        load    r9, checks_made
        load    r10, checks_passed
        cmplw   r9, r10
        bne-    1f
        text    r3, "ok: "
        bl      append_text
        bl      append_score
        li      r9, 0
        b       2f
1:      text    r3, "failed: check "
        bl      append_text
        load    r3, failed_number
        bl      append_decimal
        text    r3, " gave "
        bl      append_text
        load    r3, failed_actual
        bl      append_hex
        text    r3, ", not "
        bl      append_text
        load    r3, failed_expected
        bl      append_hex
        text    r3, "; passed "
        bl      append_text
        bl      append_score
        li      r9, 1
2:      address r3, line
        subf    r4, r3, r8
        twi     31, r0, 20
        mr      r3, r9
        return
        endfunction finish_checks

        function append_score
        load    r3, checks_passed
        bl      append_decimal
        text    r3, " of "
        bl      append_text
        load    r3, checks_made
        bl      append_decimal
        return
        endfunction append_score

# The three below write at r8, the end of the line, and move it. They leave r9 alone.

        leaf    append_text
        lbz     r0, 0(r3)
        cmplwi  r0, 0
        beqlr
        stb     r0, 0(r8)
        addi    r8, r8, 1
        addi    r3, r3, 1
        b       append_text
        endfunction append_text

        leaf    append_decimal
        li      r4, 10
        address r5, digits
        mr      r6, r5
1:      divwu   r7, r3, r4
        mullw   r11, r7, r4
        subf    r11, r11, r3
        addi    r11, r11, 0x30
        stbu    r11, 1(r6)
        mr.     r3, r7
        bne     1b
2:      lbz     r11, 0(r6)
        stb     r11, 0(r8)
        addi    r8, r8, 1
        addi    r6, r6, -1
        cmplw   r6, r5
        bne     2b
        blr
        endfunction append_decimal

        leaf    append_hex
        li      r0, 0x30
        stb     r0, 0(r8)
        li      r0, 0x78
        stb     r0, 1(r8)
        addi    r8, r8, 2
        li      r4, 8
        mtctr   r4
1:      rotlwi  r3, r3, 4
        clrlwi  r4, r3, 28
        cmplwi  r4, 10
        addi    r4, r4, 0x30
        blt     2f
        addi    r4, r4, 7
2:      stb     r4, 0(r8)
        addi    r8, r8, 1
        bdnz    1b
        blr
        endfunction append_hex
