# Workers nobody sends home. Two workers wait for any of {quit, work}, as nearly every title's do; eight jobs are done,
# then main joins them, and the line that sets quit is missing. The work semaphore was signalled and taken to the last,
# quit never was.
#
# expect: exit=4
# prints: eight jobs are done
# stuck: thread=worker-1 on=Event/Manual handle=0x1004 verdict=never-signalled
# stuck: thread=worker-1 on=Semaphore handle=0x1008 verdict=signals-taken
# stuck: thread=worker-2 on=Event/Manual handle=0x1004 verdict=never-signalled
# stuck: thread=worker-2 on=Semaphore handle=0x1008 verdict=signals-taken
# stuck: thread=main on=Thread handle=0x1010 verdict=thread-waits
# stuck: thread=main on=Thread handle=0x1014 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        space   handles, 8              # quit, work
        word    all_done
        space   threads, 8
        word    jobs
        relative a_millisecond, 1000

        function _start, keep=1
        name_thread "main"
        create_event handles + 0, 0
        create_semaphore handles + 4, 0, 8
        create_event all_done, 0
        create_thread threads + 0, worker_one, 0, 1
        create_thread threads + 4, worker_two, 0, 2
        sleep   a_millisecond
        li      r31, 4
1:      release handles + 4, 2
        sleep   a_millisecond
        addic.  r31, r31, -1
        bne     1b
        wait    all_done
        print   "eight jobs are done"
        wait_several 2, threads, 0
        return
        endfunction _start

        function worker_one
        name_thread "worker-1"
        bl      work
        return
        endfunction worker_one

        function worker_two
        name_thread "worker-2"
        bl      work
        return
        endfunction worker_two

        function work
1:      wait_several 2, handles, 1
        cmplwi  r3, 0
        beq     2f
        increment jobs
        cmplwi  r10, 8
        bne     1b
        set_event all_done
        b       1b
2:      li      r3, 0
        return
        endfunction work
