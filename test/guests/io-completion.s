# A completion port. Two workers take packets that main posts, sixteen in all and in order; each is taken once, and a
# worker goes home on the packet that says so. An empty port times out.
#
# expect: exit=0
# prints: ok: 22 of 22
        .include "xenon.inc"
        frames  xbox

        .set    packets, 16
        .set    go_home, 0x7FFF

        word    port
        space   threads, 8
        word    sum
        word    taken
        relative a_millisecond, 1000
        relative no_time, 0

        .macro  post key
        load    r3, port
        li      r4, \key
        li      r5, 0x55
        li      r6, 0
        li      r7, 0x200
        bl      NtSetIoCompletion
        .endm

        function _start, keep=1, locals=0x20
        address r3, port
        constant r4, 0x1F0003
        li      r5, 0
        li      r6, 0
        bl      NtCreateIoCompletion
        check   0
        load    r3, port
        addi    r4, r1, locals
        addi    r5, r1, locals + 4
        addi    r6, r1, locals + 8
        address r7, no_time
        bl      NtRemoveIoCompletion
        check   0x102

        create_thread threads + 0, worker, 0, 1
        create_thread threads + 4, worker, 0, 2
        sleep   a_millisecond
        li      r31, packets
1:      load    r3, port
        mr      r4, r31
        li      r5, 0x55
        li      r6, 0
        li      r7, 0x200
        bl      NtSetIoCompletion
        addic.  r31, r31, -1
        bne     1b
        post    go_home
        post    go_home
        wait_several 2, threads, 0
        check   0
        check_word sum, packets * (packets + 1) / 2
        check_word taken, packets
        close   port
        check   0
        bl      finish_checks
        return
        endfunction _start

        function worker, keep=1, locals=0x20
1:      load    r3, port
        addi    r4, r1, locals
        addi    r5, r1, locals + 4
        addi    r6, r1, locals + 8
        li      r7, 0
        bl      NtRemoveIoCompletion
        lwz     r31, locals(r1)
        cmplwi  r31, go_home
        beq     3f
        lwz     r3, locals + 12(r1)     # what was posted as the bytes moved
        check   0x200
        increment taken
        address r11, sum
2:      lwarx   r10, 0, r11
        add     r10, r10, r31
        stwcx.  r10, 0, r11
        bne-    2b
        b       1b
3:      li      r3, 0
        return
        endfunction worker
