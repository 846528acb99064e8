# A hang by what the kernel lacks. The reader hands the kernel a request to complete, an export without a body, and waits on
# the event that lies in the request. Main called another export without a body, more often and long before; nobody waits
# for what that does. Of the two the first is the likely cause, though it was called but once.
#
# expect: exit=4
# missing: IoCompleteRequest
# missing: HalSetAudioEnable
# stuck: thread=reader on=Event/Manual symbol=request+0x10 verdict=never-signalled
# stuck: thread=main on=Thread handle=0x1004 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        .data
        .balign 16
        .type   request, @object
        .size   request, 32
request: .long  6, 0, 0, 0
        .byte   0, 0, 4, 0
        .long   0, request + 0x18, request + 0x18
        .text

        word    reader_thread
        relative a_millisecond, 1000

        function _start
        name_thread "main"
        bl      set_up_audio
        create_thread reader_thread, reader, 0, 1
        wait    reader_thread
        return
        endfunction _start

        function set_up_audio
        li      r3, 1
        bl      HalSetAudioEnable
        li      r3, 0
        bl      HalSetAudioEnable
        li      r3, 1
        bl      HalSetAudioEnable
        sleep   a_millisecond
        return
        endfunction set_up_audio

        function reader
        name_thread "reader"
        bl      read
        li      r3, 0
        return
        endfunction reader

        function read
        address r3, request
        bl      IoCompleteRequest
        address r3, request + 0x10
        li      r4, 3
        li      r5, 1
        li      r6, 0
        li      r7, 0
        bl      KeWaitForSingleObject
        return
        endfunction read
