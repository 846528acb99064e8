# The bench's kernel calls: five that titles make all the time, in turn, eight million of them. A section nobody else wants
# is entered and left, an event set that nobody waits for.
#
# expect: exit=0
# prints: ok: 1 of 1
        .include "xenon.inc"
        frames  xbox

        .set    rounds, 1600000

        space   section, 28
        word    bell
        word    slot

        function _start, keep=1
        address r3, section
        bl      RtlInitializeCriticalSection
        create_event bell, 1
        bl      KeTlsAlloc
        store   r3, slot
        constant r31, rounds
loop:   address r3, section
        bl      RtlEnterCriticalSection
        bl      KeGetCurrentProcessType
        load    r3, slot
        bl      KeTlsGetValue
        set_event bell
        address r3, section
        bl      RtlLeaveCriticalSection
        addic.  r31, r31, -1
        bne     loop
        check_word section + 0x10, -1
        bl      finish_checks
        return
        endfunction _start
