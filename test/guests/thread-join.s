# Four workers are joined by their thread handles, and each leaves its exit code in its thread object: one returns it, one
# ends itself deep in a call, one goes through a start-up shim as a run-time library has it, one was over before anybody
# waited. A thread object stays signalled.
#
# expect: exit=0
# prints: ok: 17 of 17
# ghost: handle=0x1004 class=closed
        .include "xenon.inc"
        frames  xbox

        .set    exit_status, 0x140      # in the thread object

        space   threads, 16
        space   ids, 16
        word    body
        relative a_millisecond, 1000

        .macro  start number, shim, routine, value
        address r3, threads + 4 * \number
        li      r4, 0
        address r5, ids + 4 * \number
        .ifeqs  "\shim", "0"
        li      r6, 0
        .else
        address r6, \shim
        .endif
        address r7, \routine
        li      r8, \value
        lis     r9, 0x100 << \number
        bl      ExCreateThread
        check   0
        .endm

        .macro  exit_code_of number
        load    r3, threads + 4 * \number
        load    r4, __imp_ExThreadObjectType
        address r5, body
        bl      ObReferenceObjectByHandle
        check   0
        load    r3, body
        lwz     r31, exit_status(r3)
        bl      ObDereferenceObject
        mr      r3, r31
        .endm

        function _start, keep=1
        start   0, 0, returns, 0x11
        start   1, 0, ends_itself, 0x22
        start   2, start_up, returns, 0x33
        start   3, 0, returns, 0x44
        sleep   a_millisecond

        wait_several 4, threads, 0
        check   0
        exit_code_of 0
        check   0x11
        exit_code_of 1
        check   0x22
        exit_code_of 2
        check   0x33
        exit_code_of 3
        check   0x44
        wait    threads + 8             # again: it stays signalled
        check   0

        load    r3, ids                 # ids are set and differ
        load    r4, ids + 4
        subf    r3, r3, r4
        cntlzw  r3, r3
        srwi    r3, r3, 5
        check   0

        close   threads
        check   0
        wait    threads
        check   0xC0000008

        bl      finish_checks
        return
        endfunction _start

        # Starts as the platform's run-time library does: the routine and its argument come in r3 and r4.
        function start_up
        mtctr   r3
        mr      r3, r4
        bctrl
        bl      ExTerminateThread
        return
        endfunction start_up

        leaf    returns
        blr
        endfunction returns

        function ends_itself
        bl      ends_deeper
        li      r3, 0x99
        return
        endfunction ends_itself

        function ends_deeper
        bl      ExTerminateThread
        return
        endfunction ends_deeper
