# A spin lock between three hardware threads, taken a hundred times each around a count that is read, dawdled over and
# written back; and a lock of their own beside it, made of reservations.
#
# expect: exit=0
# prints: ok: 6 of 6
        .include "xenon.inc"
        frames  xbox

        .set    rounds, 100

        word    lock
        word    own_lock
        word    count
        word    own_count
        space   threads, 12

        function _start
        create_thread threads + 0, spinner, 0, 1
        check   0
        create_thread threads + 4, spinner, 0, 2
        check   0
        create_thread threads + 8, spinner, 0, 3
        check   0
        wait_several 3, threads, 0
        check   0
        check_word count, 3 * rounds
        check_word own_count, 3 * rounds
        bl      finish_checks
        return
        endfunction _start

        function spinner, keep=3
        li      r31, rounds
1:      address r3, lock
        bl      KfAcquireSpinLock
        mr      r30, r3
        load    r29, count
        bl      dawdle
        addi    r29, r29, 1
        store   r29, count
        address r3, lock
        mr      r4, r30
        bl      KfReleaseSpinLock

        address r4, own_lock
2:      lwarx   r5, 0, r4
        cmplwi  r5, 0
        bne     2b
        li      r5, 1
        stwcx.  r5, 0, r4
        bne-    2b
        isync
        load    r29, own_count
        bl      dawdle
        addi    r29, r29, 1
        store   r29, own_count
        lwsync
        address r4, own_lock
        li      r5, 0
        stw     r5, 0(r4)
        addic.  r31, r31, -1
        bne     1b
        li      r3, 0
        return
        endfunction spinner

        leaf    dawdle
        li      r3, 200
        mtctr   r3
1:      bdnz    1b
        blr
        endfunction dawdle
