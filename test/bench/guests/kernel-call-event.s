# The bench's kernel calls: an event set eight million times with nobody waiting and nobody listening.
#
# expect: exit=0
# prints: ok: 1 of 1
        .include "xenon.inc"
        frames  xbox

        .set    rounds, 8000000

        word    bell

        function _start, keep=1
        create_event bell, 1
        constant r31, rounds
loop:   set_event bell
        addic.  r31, r31, -1
        bne     loop
        check   0
        bl      finish_checks
        return
        endfunction _start
