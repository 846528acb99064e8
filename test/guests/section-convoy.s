# A convoy. Six threads, one on each hardware thread, go through one critical section sixteen times each, and whoever is
# inside sleeps there: so the other five queue up behind, every time. Nothing is lost, only slow; the event inside the
# section has no handle, and is adopted when the first of them waits on it.
#
# expect: exit=0
# prints: ok: 11 of 11
        .include "xenon.inc"
        frames  xbox

        .set    lock_count, 0x10
        .set    owner, 0x18

        space   section, 0x1C
        space   threads, 24
        word    count
        relative a_tenth, 100

        function _start, keep=2
        address r3, section
        bl      RtlInitializeCriticalSection
        create_thread threads + 0, worker, 0, 0
        check   0
        create_thread threads + 4, worker, 0, 1
        check   0
        create_thread threads + 8, worker, 0, 2
        check   0
        create_thread threads + 12, worker, 0, 3
        check   0
        create_thread threads + 16, worker, 0, 4
        check   0
        create_thread threads + 20, worker, 0, 5
        check   0
        wait_several 6, threads, 0
        check   0
        check_word count, 96
        check_word section + lock_count, -1
        check_word section + owner, 0
        address r3, section             # free again
        bl      RtlTryEnterCriticalSection
        check   1
        bl      finish_checks
        return
        endfunction _start

        function worker, keep=2
        li      r31, 16
1:      address r3, section
        bl      RtlEnterCriticalSection
        load    r30, count
        sleep   a_tenth
        addi    r30, r30, 1
        store   r30, count
        address r3, section
        bl      RtlLeaveCriticalSection
        addic.  r31, r31, -1
        bne     1b
        li      r3, 0
        return
        endfunction worker
