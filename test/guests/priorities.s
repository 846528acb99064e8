# Who runs first on one hardware thread. A waiter of higher priority takes over at the very call that wakes it; one of
# lower priority runs only when main sleeps. And affinity: a thread that moves itself runs elsewhere at once.
#
# expect: exit=0
# prints: ok: 16 of 16
        .include "xenon.inc"
        frames  xbox

        .set    processor_number, 0x10C

        word    urgent_event
        word    idle_event
        word    urgent_thread
        word    idle_thread
        word    mover_thread
        word    order
        word    body
        word    mask
        relative a_millisecond, 1000

        .macro  set_priority slot, increment
        load    r3, \slot
        load    r4, __imp_ExThreadObjectType
        address r5, body
        bl      ObReferenceObjectByHandle
        check   0
        load    r3, body
        li      r4, \increment
        bl      KeSetBasePriorityThread
        check   0
        load    r3, body
        bl      KeQueryBasePriorityThread
        check   \increment
        load    r3, body
        bl      ObDereferenceObject
        .endm

        function _start
        create_event urgent_event, 1
        create_event idle_event, 1
        create_thread urgent_thread, urgent, 0, 0
        create_thread idle_thread, idle, 0, 0
        set_priority urgent_thread, 2
        set_priority idle_thread, -2
        sleep   a_millisecond           # both wait

        set_event idle_event            # ready, and passed over
        check_word order, 0
        set_event urgent_event          # runs before this call returns
        check_word order, 1
        sleep   a_millisecond
        check_word order, 2
        wait    urgent_thread
        check   0
        wait    idle_thread
        check   0

        create_thread mover_thread, mover, 0, 0
        wait    mover_thread
        check   0
        bl      finish_checks
        return
        endfunction _start

        function urgent
        wait    urgent_event
        increment order
        li      r3, 0
        return
        endfunction urgent

        function idle
        wait    idle_event
        increment order
        li      r3, 0
        return
        endfunction idle

        function mover
        lbz     r3, processor_number(r13)
        check   0
        lwz     r3, 0x100(r13)          # the thread object itself
        li      r4, 1 << 4
        address r5, mask
        bl      KeSetAffinityThread
        check   0
        check_word mask, 1
        lbz     r3, processor_number(r13)
        check   4
        li      r3, 0
        return
        endfunction mover
