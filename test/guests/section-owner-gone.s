# A thread enters a critical section and ends inside it, on an error path that forgets to leave. A critical section is
# not abandoned as a mutant would be: whoever enters next waits for ever.
#
# expect: exit=4
# stuck: thread=saver on=Event/Auto symbol=section verdict=owner-exited
# stuck: thread=main on=Thread handle=0x1008 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        space   section, 0x1C
        word    loader_thread
        word    saver_thread
        word    error, 1
        relative a_millisecond, 1000

        function _start
        name_thread "main"
        address r3, section
        bl      RtlInitializeCriticalSection
        create_thread loader_thread, loader, 0, 1
        create_thread saver_thread, saver, 0, 2
        wait    saver_thread
        return
        endfunction _start

        function loader
        name_thread "loader"
        address r3, section
        bl      RtlEnterCriticalSection
        load    r3, error
        cmplwi  r3, 0
        bne     1f                      # the way out that leaves the section locked
        address r3, section
        bl      RtlLeaveCriticalSection
1:      li      r3, 1
        return
        endfunction loader

        function saver
        name_thread "saver"
        sleep   a_millisecond
        bl      save
        return
        endfunction saver

        function save
        address r3, section
        bl      RtlEnterCriticalSection
        address r3, section
        bl      RtlLeaveCriticalSection
        li      r3, 0
        return
        endfunction save
