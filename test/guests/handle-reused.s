# One handle value, two objects. The decoder is told "wait on this handle"; before it does, the loader sets its event,
# closes it, and the renderer makes an event of its own, which gets the value just freed. The decoder then waits on the
# renderer's event, which nobody sets. The first object had its signal; its trail must not be the second one's.
#
# expect: exit=4
# prints: the value was used again
# stuck: thread=decoder on=Event/Manual handle=0x1004 verdict=never-signalled
# stuck: thread=main on=Thread handle=0x1008 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        word    loaded
        word    told
        word    rendered
        word    decoder_thread
        relative a_millisecond, 1000

        function _start
        name_thread "main"
        create_event loaded, 1
        load    r3, loaded
        store   r3, told
        create_thread decoder_thread, decoder, 0, 1
        bl      load_level
        bl      make_renderer
        wait    decoder_thread
        return
        endfunction _start

        function load_level
        set_event loaded
        close   loaded
        return
        endfunction load_level

        function make_renderer
        create_event rendered, 0
        load    r3, rendered
        load    r4, told
        cmplw   r3, r4
        bne     1f
        print   "the value was used again"
1:      return
        endfunction make_renderer

        function decoder
        name_thread "decoder"
        sleep   a_millisecond
        wait    told
        li      r3, 0
        return
        endfunction decoder
