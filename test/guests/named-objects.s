# Objects with names. A second creation with the same name, in other letters, opens the first object; another kind under
# that name is refused; when the last handle goes, so does the name.
#
# expect: exit=0
# prints: ok: 13 of 13
# ghost: handle=0x1004 class=closed
        .include "xenon.inc"
        frames  xbox

        word    first
        word    second
        word    third
        word    copy
        attributes save_finished, "SaveFinished"
        attributes same_name, "SAVEFINISHED"
        relative no_time, 0

        function _start
        create_event first, 1, 0, save_finished
        check   0
        create_event second, 1, 1, same_name
        check   0x40000000
        load    r3, first               # two values
        load    r4, second
        subf    r3, r3, r4
        cntlzw  r3, r3
        srwi    r3, r3, 5
        check   0
        wait    second, no_time         # one object: its first state holds
        check   0x102
        set_event second
        wait    first, no_time
        check   0

        address r3, third
        address r4, save_finished
        li      r5, 0
        bl      NtCreateMutant
        srwi    r3, r3, 30              # an error, whichever
        check   3

        load    r3, first               # a third value, which closes the first
        li      r5, 1
        address r4, copy
        bl      NtDuplicateObject
        check   0
        wait    first, no_time
        check   0xC0000008
        set_event copy
        wait    second, no_time
        check   0

        close   second
        check   0
        close   copy
        check   0
        create_event first, 1, 1, save_finished
        check   0                       # a new object of that name
        wait    first, no_time
        check   0
        bl      finish_checks
        return
        endfunction _start
