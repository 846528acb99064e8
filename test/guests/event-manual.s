# A gate for three runners. They wait on one manual-reset event; one set lets all of them through and leaves the gate
# open, so that a late comer passes without waiting; a clear shuts it again.
#
# expect: exit=0
# prints: ok: 17 of 17
# ghost: handle=0x1004 class=closed
        .include "xenon.inc"
        frames  xbox

        word    gate
        word    previous
        word    passed
        space   runners, 12
        relative a_millisecond, 1000
        relative no_time, 0

        function _start
        create_event gate, 0
        check   0
        wait    gate, no_time           # shut: a poll times out
        check   0x102

        create_thread runners + 0, runner, 0, 1
        check   0
        create_thread runners + 4, runner, 0, 2
        check   0
        create_thread runners + 8, runner, 0, 3
        check   0
        sleep   a_millisecond           # all three stand at the gate
        check   0
        check_word passed, 0

        set_event gate, previous
        check   0
        check_word previous, 0
        wait_several 3, runners, 0
        check   0
        check_word passed, 3

        wait    gate                    # still open
        check   0
        set_event gate, previous        # opening an open gate says so
        check_word previous, 1

        load    r3, gate
        bl      NtClearEvent
        check   0
        wait    gate, no_time
        check   0x102
        close   gate
        check   0
        load    r3, gate                # a closed handle names nothing
        bl      NtClearEvent
        check   0xC0000008

        bl      finish_checks
        return
        endfunction _start

        function runner
        wait    gate
        increment passed
        li      r3, 0
        return
        endfunction runner
