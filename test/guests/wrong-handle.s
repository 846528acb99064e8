# A value that was never a handle. The loader keeps its events in a table of two, and the disc thread sets the third: what
# lies behind the table is a size, and 0x1014 names nothing. The consumer waits on the second, whose value is nearest.
#
# expect: exit=4
# prints: ok: 1 of 1
# ghost: handle=0x1014 class=never
# stuck: thread=consumer on=Event/Auto handle=0x1008 verdict=signal-on-nothing
# stuck: thread=main on=Thread handle=0x100C verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        .data
        .balign 4
loaded: .long   0, 0
size:   .long   0x1014
        .text

        word    consumer_thread
        word    disc_thread

        function _start
        name_thread "main"
        create_event loaded + 0, 1
        create_event loaded + 4, 1
        create_thread consumer_thread, consumer, 0, 1
        create_thread disc_thread, disc, 2, 2
        wait    consumer_thread
        return
        endfunction _start

        function consumer
        name_thread "consumer"
        wait    loaded + 4
        li      r3, 0
        return
        endfunction consumer

        # The argument is the number of the event.
        function disc, keep=1
        mr      r31, r3
        name_thread "disc"
        slwi    r31, r31, 2
        address r3, loaded
        lwzx    r3, r3, r31
        li      r4, 0
        bl      NtSetEvent
        check   0xC0000008
        bl      finish_checks
        return
        endfunction disc
