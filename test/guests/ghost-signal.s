# A signal to nothing. The loader starts again: it makes a new event and closes the old one, but the disc thread still
# holds the old value and sets that; the status says so, and nobody looks. The consumer waits on the new event.
#
# expect: exit=4
# prints: ok: 1 of 1
# ghost: handle=0x1004 class=closed
# stuck: thread=consumer on=Event/Auto handle=0x1010 verdict=never-signalled
# stuck: thread=main on=Thread handle=0x1008 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        word    loaded
        word    old
        word    consumer_thread
        word    disc_thread
        relative a_millisecond, 1000

        function _start
        name_thread "main"
        create_event loaded, 1
        load    r3, loaded
        store   r3, old
        create_thread consumer_thread, consumer, 0, 1
        create_thread disc_thread, disc, 0, 2
        bl      start_again
        wait    consumer_thread
        return
        endfunction _start

        function start_again
        create_event loaded, 1
        close   old
        return
        endfunction start_again

        function consumer
        name_thread "consumer"
        sleep   a_millisecond           # by then there is a new event
        wait    loaded
        li      r3, 0
        return
        endfunction consumer

        function disc
        name_thread "disc"
        sleep   a_millisecond
        set_event old
        check   0xC0000008
        bl      finish_checks
        return
        endfunction disc
