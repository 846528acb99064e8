# The classic embrace. Two threads take two mutants in opposite order, each holding its first while it asks for the
# other's.
#
# expect: exit=4
# stuck: thread=left on=Mutant handle=0x1008 verdict=owner-waits
# stuck: thread=right on=Mutant handle=0x1004 verdict=owner-waits
# stuck: thread=main on=Thread handle=0x100C verdict=thread-waits
# stuck: thread=main on=Thread handle=0x1010 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        word    textures
        word    sounds
        space   threads, 8
        relative a_millisecond, 1000

        function _start
        name_thread "main"
        create_mutant textures
        create_mutant sounds
        create_thread threads + 0, left, 0, 1
        create_thread threads + 4, right, 0, 2
        wait_several 2, threads, 0
        return
        endfunction _start

        function left
        name_thread "left"
        wait    textures
        sleep   a_millisecond
        wait    sounds
        release_mutant sounds
        release_mutant textures
        li      r3, 0
        return
        endfunction left

        function right
        name_thread "right"
        wait    sounds
        sleep   a_millisecond
        wait    textures
        release_mutant textures
        release_mutant sounds
        li      r3, 0
        return
        endfunction right
