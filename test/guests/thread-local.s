# Thread-local storage, both kinds. Each thread has its own copy of the static block, filled from the image (the word at
# r13 points to it), and its own value in each dynamic slot; a slot given back and taken again begins as zero.
#
# expect: exit=0
# prints: ok: 20 of 20
        .include "xenon.inc"
        frames  xbox

        .section .tdata, "awT", @progbits
        .balign 8
local_block:
        .long   0x11111111
local_count:
        .long   40
        .section .tbss, "awT", @nobits
        .balign 8
local_zero:
        .skip   8
        .text
        .set    count_offset, local_count - local_block

        word    slot
        word    again
        space   threads, 16

        function _start
        bl      KeTlsAlloc
        store   r3, slot
        not     r3, r3                  # -1 would be none
        cntlzw  r3, r3
        srwi    r3, r3, 5
        check   0
        load    r3, slot
        li      r4, 0x77
        bl      KeTlsSetValue
        check   1

        create_thread threads + 0, local_worker, 1, 1
        create_thread threads + 4, local_worker, 2, 1
        create_thread threads + 8, local_worker, 3, 2
        check   0
        wait_several 3, threads, 0
        check   0
        load    r3, slot
        bl      KeTlsGetValue
        check   0x77
        lwz     r5, 0(r13)
        lwz     r3, count_offset(r5)
        check   40

        load    r3, slot
        bl      KeTlsFree
        check   1
        bl      KeTlsAlloc
        store   r3, again
        load    r3, again
        bl      KeTlsGetValue
        check   0
        bl      finish_checks
        return
        endfunction _start

        # The argument says how often it counts.
        function local_worker, keep=2
        mr      r31, r3
        mr      r30, r3
        load    r3, slot
        bl      KeTlsGetValue
        check   0
        load    r3, slot
        mr      r4, r31
        bl      KeTlsSetValue
1:      lwz     r5, 0(r13)
        lwz     r3, count_offset(r5)
        addi    r3, r3, 1
        stw     r3, count_offset(r5)
        bl      NtYieldExecution
        addic.  r30, r30, -1
        bne     1b
        lwz     r5, 0(r13)
        lwz     r3, 0(r5)
        check   0x11111111
        lwz     r5, 0(r13)
        lwz     r3, count_offset(r5)
        subf    r3, r31, r3
        check   40
        load    r3, slot
        bl      KeTlsGetValue
        subf    r3, r31, r3
        check   0
        li      r3, 0
        return
        endfunction local_worker
