# A queue behind one culprit. The reader waits for a mutant; its owner, the writer, waits for the disc; and the disc's
# event is never set. Two threads hang, one of them is the cause.
#
# expect: exit=4
# stuck: thread=writer on=Event/Auto handle=0x1008 verdict=never-signalled
# stuck: thread=reader on=Mutant handle=0x1004 verdict=owner-waits
# stuck: thread=main on=Thread handle=0x1010 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        word    index
        word    disc_done
        word    writer_thread
        word    reader_thread
        relative a_millisecond, 1000

        function _start
        name_thread "main"
        create_mutant index
        create_event disc_done, 1
        create_thread writer_thread, writer, 0, 1
        create_thread reader_thread, reader, 0, 2
        wait    reader_thread
        return
        endfunction _start

        function writer
        name_thread "writer"
        wait    index
        wait    disc_done
        release_mutant index
        li      r3, 0
        return
        endfunction writer

        function reader
        name_thread "reader"
        sleep   a_millisecond
        wait    index
        release_mutant index
        li      r3, 0
        return
        endfunction reader
