# The producer is there, and suspended. It was created suspended so that its priority could be set first, and the resume
# was forgotten; the consumer waits for its event.
#
# expect: exit=4
# stuck: thread=consumer on=Event/Manual handle=0x1004 verdict=never-signalled
# stuck: thread=main on=Thread handle=0x100C verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        word    decoded
        word    producer_thread
        word    consumer_thread
        word    body

        function _start
        name_thread "main"
        create_event decoded, 0
        create_thread producer_thread, producer, 0, 1, 1
        load    r3, producer_thread
        load    r4, __imp_ExThreadObjectType
        address r5, body
        bl      ObReferenceObjectByHandle
        load    r3, body
        li      r4, 2
        bl      KeSetBasePriorityThread
        load    r3, body
        bl      ObDereferenceObject
        create_thread consumer_thread, consumer, 0, 2
        wait    consumer_thread
        return
        endfunction _start

        function producer
        name_thread "producer"
        set_event decoded
        li      r3, 0
        return
        endfunction producer

        function consumer
        name_thread "consumer"
        wait    decoded
        li      r3, 0
        return
        endfunction consumer
