# Signal one, wait on the other, in one step: two threads pass a token thirty-two times with a single call a turn, over
# an event and a semaphore. Then a release that fails is answered without waiting.
#
# expect: exit=0
# prints: ok: 8 of 8
        .include "xenon.inc"
        frames  xbox

        .set    rounds, 32

        word    ping
        word    pong
        word    turns
        word    partner_thread
        word    mutant
        relative no_time, 0

        .macro  signal_and_wait signal, object, timeout=0
        load    r3, \signal
        load    r4, \object
        li      r5, 1
        li      r6, 0
        .ifeqs  "\timeout", "0"
        li      r7, 0
        .else
        address r7, \timeout
        .endif
        bl      NtSignalAndWaitForSingleObjectEx
        .endm

        function _start, keep=1
        create_event ping, 1
        check   0
        create_semaphore pong, 0, 1
        check   0
        create_thread partner_thread, partner, 0, 1
        check   0
        li      r31, rounds
1:      signal_and_wait ping, pong
        addic.  r31, r31, -1
        bne     1b
        set_event ping                  # lets the partner's last wait go
        wait    partner_thread
        check   0
        check_word turns, rounds

        create_mutant mutant
        signal_and_wait mutant, ping, no_time
        check   0xC0000046              # not ours to release
        signal_and_wait ping, ping, no_time
        check   0
        wait    ping, no_time
        check   0x102

        bl      finish_checks
        return
        endfunction _start

        function partner, keep=1
        li      r31, rounds
        wait    ping
1:      increment turns
        signal_and_wait pong, ping
        addic.  r31, r31, -1
        bne     1b
        li      r3, 0
        return
        endfunction partner
