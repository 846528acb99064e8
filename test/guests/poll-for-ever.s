# Not asleep, and still stuck. The streamer polls its event with a timeout of 16 ms, finds it unset, and polls again, for
# ever: there is always a deadline, so this is no deadlock, but nothing but a poll loop runs any more.
#
# expect: exit=4 stop=stuck
# stuck: thread=streamer on=Event/Manual handle=0x1004 verdict=never-signalled
# stuck: thread=main on=Thread handle=0x1008 verdict=thread-waits
        .include "xenon.inc"
        frames  xbox

        word    arrived
        word    streamer_thread
        relative a_frame, 16000

        function _start
        name_thread "main"
        create_event arrived, 0
        create_thread streamer_thread, streamer, 0, 1
        wait    streamer_thread
        return
        endfunction _start

        function streamer
        name_thread "streamer"
1:      wait    arrived, a_frame
        cmplwi  r3, 0x102
        beq     1b
        li      r3, 0
        return
        endfunction streamer
