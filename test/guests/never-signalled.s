# The plainest hang. A worker waits, two calls deep, on an event; the code that would set it stands in the program and
# is never called.
#
# expect: exit=4
# stuck: thread=worker on=Event/Manual handle=0x1004 verdict=never-signalled
# stuck: thread=main on=Thread handle=0x1008 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        word    ready
        word    worker_thread

        function _start
        name_thread "main"
        create_event ready, 0
        create_thread worker_thread, worker, 0, 1
        wait    worker_thread
        return
        endfunction _start

        function worker
        name_thread "worker"
        bl      wait_until_ready
        li      r3, 0
        return
        endfunction worker

        function wait_until_ready
        wait    ready
        return
        endfunction wait_until_ready

        function set_ready
        set_event ready
        return
        endfunction set_ready
