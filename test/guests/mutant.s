# Four threads count to sixteen in one word, each holding the mutant twice over while it reads, sleeps and writes back:
# no count is lost. Then ownership: a stranger may not release; a thread that ends while it owns leaves the mutant
# abandoned, and the next owner is told.
#
# expect: exit=0
# prints: ok: 18 of 18
        .include "xenon.inc"
        frames  xbox

        word    lock
        word    count
        word    previous
        word    stranger_status
        space   threads, 16
        relative a_tenth, 100
        relative no_time, 0

        function _start
        create_mutant lock
        check   0
        create_thread threads + 0, counter, 0, 1
        create_thread threads + 4, counter, 0, 2
        create_thread threads + 8, counter, 0, 3
        create_thread threads + 12, counter, 0, 3
        check   0
        wait_several 4, threads, 0
        check   0
        check_word count, 64

        wait    lock                    # ours now, and a stranger fails
        check   0
        create_thread threads, stranger, 0, 1
        check   0
        wait    threads
        check   0
        check_word stranger_status, 0xC0000046
        wait    lock                    # the owner never waits for itself
        check   0
        release_mutant lock, previous
        check   0
        check_word previous, -1
        release_mutant lock, previous
        check_word previous, 0
        release_mutant lock
        check   0xC0000046

        create_thread threads, careless, 0, 1
        check   0
        wait    threads
        check   0
        wait    lock, no_time           # abandoned: ours, with a warning
        check   0x80
        release_mutant lock
        check   0
        wait    lock, no_time
        check   0

        bl      finish_checks
        return
        endfunction _start

        function counter, keep=2
        li      r31, 16
1:      wait    lock
        wait    lock
        load    r30, count
        sleep   a_tenth
        addi    r30, r30, 1
        store   r30, count
        release_mutant lock
        release_mutant lock
        addic.  r31, r31, -1
        bne     1b
        li      r3, 0
        return
        endfunction counter

        function stranger
        release_mutant lock
        store   r3, stranger_status
        li      r3, 0
        return
        endfunction stranger

        function careless
        wait    lock
        wait    lock
        li      r3, 0
        return
        endfunction careless
