# A C++ object whose member event hangs. StreamDecoder derives from Worker; vtable, type descriptors, class hierarchy and
# complete object locator are laid out by hand as the platform's compiler does it (32-bit pointers, the locator's address
# in the word before the vtable). The object lies in allocated memory, and its event is a member at 0x14, initialised in
# the constructor. The worker thread calls run() through the vtable, and waits in there.
#
#     class Worker        { virtual ~Worker(); virtual void run() = 0; int state; };
#     class StreamDecoder : public Worker { int packets; int error; void *source; KEVENT packet_ready; };
#
# expect: exit=4
# prints: StreamDecoder runs
# stuck: thread=decoder on=Event/Auto class=StreamDecoder member=0x14 verdict=never-signalled
# stuck: thread=main on=Thread handle=0x1004 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        .set    member.state, 4
        .set    member.packets, 8
        .set    member.event, 0x14
        .set    slot.run, 4

        .section .rodata
        .balign 4
        .type   type_info_vtable, @object
type_info_vtable:
        .long   purecall

        .long   StreamDecoder_locator
        .type   StreamDecoder_vtable, @object
StreamDecoder_vtable:
        .long   StreamDecoder_delete, StreamDecoder_run
        .size   StreamDecoder_vtable, . - StreamDecoder_vtable

        .long   Worker_locator
        .type   Worker_vtable, @object
Worker_vtable:
        .long   purecall, purecall
        .size   Worker_vtable, . - Worker_vtable

        # signature, offset in the whole object, constructor displacement, type, hierarchy
StreamDecoder_locator:
        .long   0, 0, 0, StreamDecoder_type, StreamDecoder_hierarchy
Worker_locator:
        .long   0, 0, 0, Worker_type, Worker_hierarchy

        # signature, attributes, number of classes, their descriptors (the class itself first)
StreamDecoder_hierarchy:
        .long   0, 0, 2, StreamDecoder_bases
Worker_hierarchy:
        .long   0, 0, 1, Worker_bases
StreamDecoder_bases:
        .long   StreamDecoder_base, Worker_base, 0
Worker_bases:
        .long   Worker_base, 0

        # type, number of bases contained, where it lies in the whole (member, no virtual table, 0), attributes, hierarchy
StreamDecoder_base:
        .long   StreamDecoder_type, 1, 0, -1, 0, 0x40, StreamDecoder_hierarchy
Worker_base:
        .long   Worker_type, 0, 0, -1, 0, 0x40, Worker_hierarchy

        # type descriptors are written to by the run-time library, so they lie in data: vtable, undecorated name, name
        .data
        .balign 4
StreamDecoder_type:
        .long   type_info_vtable, 0
        .asciz  ".?AVStreamDecoder@@"
        .balign 4
Worker_type:
        .long   type_info_vtable, 0
        .asciz  ".?AVWorker@@"
        .balign 4

        word    decoder
        word    decoder_size, 0x24
        word    decoder_thread

        function _start
        name_thread "main"
        address r3, decoder             # operator new, more or less
        address r4, decoder_size
        constant r5, 0x3000             # reserve and commit
        li      r6, 4                   # read and write
        li      r7, 0
        bl      NtAllocateVirtualMemory
        load    r3, decoder
        bl      StreamDecoder_construct
        address r3, decoder_thread
        li      r4, 0
        li      r5, 0
        li      r6, 0
        address r7, Worker_thread
        load    r8, decoder
        lis     r9, 0x200
        bl      ExCreateThread
        wait    decoder_thread
        return
        endfunction _start

        function Worker_construct
        address r4, Worker_vtable
        stw     r4, 0(r3)
        li      r4, 0
        stw     r4, member.state(r3)
        return
        endfunction Worker_construct

        function StreamDecoder_construct, keep=1
        mr      r31, r3
        bl      Worker_construct
        address r4, StreamDecoder_vtable
        stw     r4, 0(r31)
        addi    r3, r31, member.event
        li      r4, 1
        li      r5, 0
        bl      KeInitializeEvent
        mr      r3, r31
        return
        endfunction StreamDecoder_construct

        function Worker_thread, keep=1
        mr      r31, r3
        name_thread "decoder"
        mr      r3, r31
        lwz     r4, 0(r3)
        lwz     r4, slot.run(r4)
        mtctr   r4
        bctrl
        li      r3, 0
        return
        endfunction Worker_thread

        function StreamDecoder_run, keep=1
        mr      r31, r3
        print   "StreamDecoder runs"
1:      addi    r3, r31, member.event
        li      r4, 3
        li      r5, 1
        li      r6, 0
        li      r7, 0
        bl      KeWaitForSingleObject
        lwz     r3, member.packets(r31)
        addi    r3, r3, 1
        stw     r3, member.packets(r31)
        b       1b
        endfunction StreamDecoder_run

        # What the network code would call for every packet; there is no network.
        function StreamDecoder_push
        addi    r3, r3, member.event
        li      r4, 1
        li      r5, 0
        bl      KeSetEvent
        return
        endfunction StreamDecoder_push

        leaf    StreamDecoder_delete
        blr
        endfunction StreamDecoder_delete

        leaf    purecall
        twi     31, r0, 22
        endfunction purecall
