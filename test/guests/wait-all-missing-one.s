# All but one. The level waits until its three loaders are through; textures and meshes come, the sounds' loader finds no
# file and leaves without a word. The report should name the one of three that is missing.
#
# expect: exit=4
# stuck: thread=level on=Event/Manual handle=0x1004 verdict=signalled
# stuck: thread=level on=Event/Manual handle=0x1008 verdict=signalled
# stuck: thread=level on=Event/Manual handle=0x100C verdict=never-signalled
# stuck: thread=main on=Thread handle=0x101C verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        space   loaded, 12              # textures, meshes, sounds
        space   loaders, 12
        word    level_thread

        function _start
        name_thread "main"
        create_event loaded + 0, 0
        create_event loaded + 4, 0
        create_event loaded + 8, 0
        create_thread loaders + 0, load_something, 0, 1
        create_thread loaders + 4, load_something, 4, 2
        create_thread loaders + 8, load_sounds, 8, 3
        create_thread level_thread, level, 0, 4
        wait    level_thread
        return
        endfunction _start

        function load_something
        address r4, loaded
        lwzx    r3, r4, r3
        li      r4, 0
        bl      NtSetEvent
        li      r3, 0
        return
        endfunction load_something

        function load_sounds, keep=1
        mr      r31, r3
        name_thread "sounds"
        bl      open_sounds
        cmpwi   r3, 0
        blt     1f
        mr      r3, r31
        bl      load_something
1:      li      r3, 1
        return
        endfunction load_sounds

        leaf    open_sounds
        constant r3, 0xC000000F
        blr
        endfunction open_sounds

        function level
        name_thread "level"
        wait_several 3, loaded, 0
        li      r3, 0
        return
        endfunction level
