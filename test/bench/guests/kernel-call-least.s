# The bench's kernel calls: the one that asks for least, eight million times.
#
# expect: exit=0
# prints: ok: 1 of 1
        .include "xenon.inc"
        frames  xbox

        .set    rounds, 8000000

        function _start, keep=1
        constant r31, rounds
loop:   bl      KeGetCurrentProcessType
        addic.  r31, r31, -1
        bne     loop
        check   1
        bl      finish_checks
        return
        endfunction _start
