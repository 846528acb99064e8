# The lost wake-up. The consumer looks at a flag, finds it unset and makes ready to wait; just then the producer sets the
# flag and pulses the event. Nobody waits yet, so the pulse wakes nobody, and the consumer begins a wait that has missed
# its signal.
#
# expect: exit=4
# stuck: thread=consumer on=Event/Auto handle=0x1004 verdict=pulsed-into-nobody
# stuck: thread=main on=Thread handle=0x1008 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        word    arrived
        word    flag
        word    consumer_thread
        word    producer_thread
        relative a_millisecond, 1000
        relative two_milliseconds, 2000

        function _start
        name_thread "main"
        create_event arrived, 1
        create_thread consumer_thread, consumer, 0, 1
        create_thread producer_thread, producer, 0, 2
        wait    consumer_thread
        return
        endfunction _start

        function consumer
        name_thread "consumer"
1:      load    r3, flag
        cmplwi  r3, 0
        bne     2f
        sleep   two_milliseconds        # between the look and the wait
        wait    arrived
        b       1b
2:      li      r3, 0
        return
        endfunction consumer

        function producer
        name_thread "producer"
        sleep   a_millisecond
        li      r3, 1
        store   r3, flag
        load    r3, arrived
        li      r4, 0
        bl      NtPulseEvent
        li      r3, 0
        return
        endfunction producer
