# Events that no kernel call ever made: their headers lie initialised in the program's data, as the platform's own
# headers inline it. Both are adopted at first contact. The first is set and serves its waiter; nobody sets the second.
#
# expect: exit=4
# prints: the first inline event works
# stuck: thread=worker on=Event/Auto symbol=second verdict=never-signalled
# stuck: thread=main on=Thread handle=0x1004 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        .macro  inline_event name, kind
        .data
        .balign 8
        .type   \name, @object
        .size   \name, 16
\name:  .byte   \kind, 0, 4, 0
        .long   0, \name + 8, \name + 8
        .text
        .endm

        inline_event first, 0
        inline_event second, 1
        word    worker_thread
        relative a_millisecond, 1000

        function _start
        name_thread "main"
        create_thread worker_thread, worker, 0, 1
        sleep   a_millisecond
        address r3, first
        li      r4, 1
        li      r5, 0
        bl      KeSetEvent
        wait    worker_thread
        return
        endfunction _start

        function worker
        name_thread "worker"
        address r3, first
        bl      wait_for
        print   "the first inline event works"
        address r3, second
        bl      wait_for
        li      r3, 0
        return
        endfunction worker

        function wait_for
        li      r4, 3
        li      r5, 1
        li      r6, 0
        li      r7, 0
        bl      KeWaitForSingleObject
        return
        endfunction wait_for

        function set_second
        address r3, second
        li      r4, 1
        li      r5, 0
        bl      KeSetEvent
        return
        endfunction set_second
