# Ping-pong. Two threads hand a ball to each other over two auto-reset events, sixty-four times there and back; each set
# wakes exactly one waiter and leaves the event unset.
#
# expect: exit=0
# prints: ok: 9 of 9
        .include "xenon.inc"
        frames  xbox

        .set    rounds, 64

        word    there
        word    back
        word    previous
        word    hits
        word    player_thread
        relative no_time, 0

        function _start, keep=1
        create_event there, 1
        check   0
        create_event back, 1
        check   0
        create_thread player_thread, player, 0, 1
        check   0

        li      r31, rounds
1:      set_event there
        wait    back
        addic.  r31, r31, -1
        bne     1b

        wait    player_thread
        check   0
        check_word hits, rounds
        wait    back, no_time           # every signal was taken
        check   0x102

        set_event back, previous        # a signal for nobody stays, once
        set_event back, previous
        check_word previous, 1
        wait    back, no_time
        check   0
        wait    back, no_time
        check   0x102

        bl      finish_checks
        return
        endfunction _start

        function player, keep=1
        li      r31, rounds
1:      wait    there
        increment hits
        set_event back
        addic.  r31, r31, -1
        bne     1b
        li      r3, 0
        return
        endfunction player
