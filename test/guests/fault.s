# A null pointer: the loader reads through a table that was never filled. The run ends with the address, the instruction
# and the callers.
#
# expect: exit=5 stop=fault
# prints: before the fault
# fault: symbol=read_entry offset=0x14 address=0x8
        .include "xenon.inc"
        frames  xbox

        word    table

        function _start
        print   "before the fault"
        bl      read_entry
        print   "after the fault"
        return
        endfunction _start

        function read_entry
        load    r3, table
        lwz     r4, 8(r3)
        mr      r3, r4
        return
        endfunction read_entry
