# Three readers hold a lock together; a writer waits until the last has gone, and writes alone; readers who come while the
# writer waits stand behind it.
#
# expect: exit=0
# prints: ok: 12 of 12
        .include "xenon.inc"
        frames  xbox

        space   lock, 0x38
        space   threads, 20
        word    inside
        word    most_inside
        word    written
        relative a_millisecond, 1000
        relative two_milliseconds, 2000

        function _start
        address r3, lock
        bl      ExInitializeReadWriteLock
        create_thread threads + 0, reader, 0, 1
        check   0
        create_thread threads + 4, reader, 0, 2
        check   0
        create_thread threads + 8, reader, 0, 3
        check   0
        sleep   a_millisecond
        create_thread threads + 12, writer, 0, 4
        check   0
        sleep   a_millisecond
        create_thread threads + 16, late_reader, 0, 5
        check   0
        wait_several 5, threads, 0
        check   0
        check_word inside, 0
        check_word most_inside, 3
        check_word written, 1
        check_word lock, -1             # free
        bl      finish_checks
        return
        endfunction _start

        function reader
        address r3, lock
        bl      ExAcquireReadWriteLockShared
        increment inside
        increment most_inside
        sleep   two_milliseconds
        sleep   two_milliseconds
        address r11, inside
1:      lwarx   r10, 0, r11
        addi    r10, r10, -1
        stwcx.  r10, 0, r11
        bne-    1b
        address r3, lock
        bl      ExReleaseReadWriteLock
        li      r3, 0
        return
        endfunction reader

        function writer
        address r3, lock
        bl      ExAcquireReadWriteLockExclusive
        check_word inside, 0
        li      r3, 1
        store   r3, written
        sleep   a_millisecond
        address r3, lock
        bl      ExReleaseReadWriteLock
        li      r3, 0
        return
        endfunction writer

        function late_reader
        address r3, lock
        bl      ExAcquireReadWriteLockShared
        check_word written, 1
        address r3, lock
        bl      ExReleaseReadWriteLock
        li      r3, 0
        return
        endfunction late_reader
