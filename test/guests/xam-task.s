# A task of the system's own. Two are scheduled on the title's behalf; the system runs each on a thread of its own. The
# first sums numbers and sets an event, as it should. The second is to save the game: it waits until the title has frozen
# its state, and the title, which waits for the save, never says so.
#
# expect: exit=4
# prints: ok: 6 of 6
# stuck: thread=save-task on=Event/Manual handle=0x1008 verdict=never-signalled
# stuck: thread=main on=Event/Manual handle=0x100C verdict=never-signalled
        .include "xenon.inc"
        frames  xbox

        word    summed
        word    frozen
        word    saved
        word    sum
        space   tasks, 8
        # properties: on the title's behalf; nothing to wait for
        .data
        .balign 4
task_attributes:
        .long   0x02000000, 0
        .text

        .macro  schedule routine, argument, task
        address r3, \routine
        li      r4, \argument
        address r5, task_attributes
        address r6, \task
        bl      XamTaskSchedule
        .endm

        function _start
        name_thread "main"
        create_event summed, 0
        create_event frozen, 0
        create_event saved, 0
        schedule sum_up, 100, tasks
        check   0
        wait    summed
        check   0
        check_word sum, 5050
        load    r3, tasks
        bl      XamTaskCloseHandle
        schedule save, 0, tasks + 4
        check   0
        bl      XamTaskShouldExit
        check   0
        wait    saved, a_frame
        check   0x102
        bl      finish_checks
        wait    saved
        set_event frozen
        return
        endfunction _start

        relative a_frame, 16000

        function sum_up
        li      r4, 0
1:      add     r4, r4, r3
        addic.  r3, r3, -1
        bne     1b
        store   r4, sum
        set_event summed
        li      r3, 0
        return
        endfunction sum_up

        function save
        name_thread "save-task"
        wait    frozen
        set_event saved
        li      r3, 0
        return
        endfunction save
