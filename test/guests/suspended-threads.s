# Suspension. A thread made suspended runs only when resumed; counts nest; a thread may suspend itself; and one
# suspended while it waits is woken by its signal, but does not run until it is resumed.
#
# expect: exit=0
# prints: ok: 22 of 22
        .include "xenon.inc"
        frames  xbox

        word    sleeper_thread
        word    waiter_thread
        word    gate
        word    steps
        word    before
        relative a_millisecond, 1000
        relative no_time, 0

        .macro  resume slot
        load    r3, \slot
        address r4, before
        bl      NtResumeThread
        .endm

        .macro  suspend slot
        load    r3, \slot
        address r4, before
        bl      NtSuspendThread
        .endm

        function _start
        create_thread sleeper_thread, sleeper, 0, 1, 1
        check   0
        sleep   a_millisecond
        check_word steps, 0
        suspend sleeper_thread
        check   0
        check_word before, 1
        resume  sleeper_thread
        check_word before, 2
        sleep   a_millisecond
        check_word steps, 0
        resume  sleeper_thread
        check_word before, 1
        sleep   a_millisecond
        check_word steps, 1             # ran, and suspended itself
        wait    sleeper_thread, no_time
        check   0x102
        resume  sleeper_thread
        check_word before, 1
        wait    sleeper_thread
        check   0
        check_word steps, 2
        suspend sleeper_thread          # over: nothing left to suspend
        check   0xC000004B

        create_event gate, 1
        create_thread waiter_thread, waiter, 0, 2
        check   0
        sleep   a_millisecond
        suspend waiter_thread
        check_word before, 0
        set_event gate
        sleep   a_millisecond
        check_word steps, 2
        resume  waiter_thread
        check_word before, 1
        wait    waiter_thread
        check   0
        check_word steps, 3
        load    r3, gate                # the wake took the signal
        wait_r3 no_time
        check   0x102

        bl      finish_checks
        return
        endfunction _start

        function sleeper
        increment steps
        li      r3, -2                  # the thread itself
        li      r4, 0
        bl      NtSuspendThread
        check   0
        increment steps
        li      r3, 0
        return
        endfunction sleeper

        function waiter
        wait    gate
        check   0
        increment steps
        li      r3, 0
        return
        endfunction waiter
