# Two signals, one wake. The producer finishes two jobs and sets an auto-reset event after each, while the consumer is
# busy; the second set falls on an event that is set already. The consumer takes one job a wake, so it waits for ever for
# the second: an event counts to one, and this needed a semaphore.
#
# expect: exit=4
# stuck: thread=consumer on=Event/Auto handle=0x1004 verdict=signals-merged
# stuck: thread=main on=Thread handle=0x1008 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        word    job_done
        word    taken
        word    consumer_thread
        word    producer_thread
        relative a_millisecond, 1000

        function _start
        name_thread "main"
        create_event job_done, 1
        create_thread consumer_thread, consumer, 0, 1
        create_thread producer_thread, producer, 0, 2
        wait    consumer_thread
        return
        endfunction _start

        function consumer
        name_thread "consumer"
        sleep   a_millisecond           # busy with something else
        bl      take_job
        bl      take_job
        li      r3, 0
        return
        endfunction consumer

        function take_job
        wait    job_done
        increment taken
        return
        endfunction take_job

        function producer
        name_thread "producer"
        set_event job_done
        set_event job_done
        li      r3, 0
        return
        endfunction producer
