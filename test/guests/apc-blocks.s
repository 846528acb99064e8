# An APC that blocks. A thread waits alertably on its quit event; another queues it an APC, whose routine itself waits on
# an event that is set a millisecond later. The routine runs to its end on the waiting thread's own stack, then the outer
# wait returns 0xC0 with the quit event untaken; a wait that is not alertable leaves APCs alone.
#
# expect: exit=0
# prints: ok: 18 of 18
        .include "xenon.inc"
        frames  xbox

        word    quit
        word    inner
        word    patient_thread
        word    patient_ready
        word    order
        relative a_millisecond, 1000
        relative no_time, 0

        function _start
        create_event quit, 1
        check   0
        create_event inner, 1
        check   0
        create_event patient_ready, 1
        check   0
        create_thread patient_thread, patient, 0, 1
        check   0
        sleep   a_millisecond           # it waits, alertably

        load    r3, patient_thread
        address r4, visitor
        li      r5, 0x11
        li      r6, 0x22
        li      r7, 0x33
        bl      NtQueueApcThread
        check   0
        sleep   a_millisecond           # the visitor waits now, on the other's stack
        check_word order, 1
        set_event inner
        wait    patient_ready
        check_word order, 3

        load    r3, patient_thread      # not alertable: stays queued
        address r4, visitor
        li      r5, 0x11
        li      r6, 0x22
        li      r7, 0x33
        bl      NtQueueApcThread
        set_event inner
        set_event quit
        wait    patient_thread
        check   0
        check_word order, 5

        bl      finish_checks
        return
        endfunction _start

        function patient
        wait    quit, 0, 1
        check   0xC0
        increment order                 # 3
        set_event patient_ready
        wait    quit                    # the second visitor waits meanwhile
        check   0
        sleep   no_time, 1              # alertable again: it comes in
        check   0xC0
        li      r3, 0
        return
        endfunction patient

        function visitor, keep=2
        mr      r31, r4
        mr      r30, r5
        check   0x11
        mr      r3, r31
        check   0x22
        mr      r3, r30
        check   0x33
        increment order                 # 1, 4
        wait    inner
        increment order                 # 2, 5
        return
        endfunction visitor
