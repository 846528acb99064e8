# A ring of four places between a producer and a consumer, with one semaphore for free places and one for items: 64
# numbers go through in order. Then what the kernel must refuse: a release over the limit, of nothing, a bad creation.
#
# expect: exit=0
# prints: ok: 16 of 16
# ghost: handle=0x1004 class=wrong-type
        .include "xenon.inc"
        frames  xbox

        .set    items_total, 64

        word    places
        word    items
        word    previous
        word    bad
        word    producer_thread
        space   ring, 16
        relative no_time, 0

        function _start, keep=3
        create_semaphore places, 4, 4
        check   0
        create_semaphore items, 0, 4
        check   0
        create_thread producer_thread, producer, 0, 4
        check   0

        li      r31, 0                  # the number of the item
        li      r30, 0                  # the sum of what came
        address r29, ring
1:      wait    items
        clrlslwi r11, r31, 30, 2
        lwzx    r11, r29, r11
        add     r30, r30, r11
        release places, 1
        addi    r31, r31, 1
        cmplwi  r31, items_total
        bne     1b

        mr      r3, r30
        check   items_total * (items_total + 1) / 2
        wait    producer_thread
        check   0

        release places, 1               # all four are free
        check   0xC0000047
        release items, 5
        check   0xC0000047
        release items, 0
        check   0xC000000D
        release items, 3, previous
        check   0
        check_word previous, 0
        release items, 1, previous
        check_word previous, 3
        wait    items, no_time
        check   0
        release items, 1, previous
        check_word previous, 3

        create_semaphore bad, 5, 4
        check   0xC000000D
        create_semaphore bad, 0, 0
        check   0xC000000D
        load    r3, places              # an event call on a semaphore
        li      r4, 0
        bl      NtSetEvent
        check   0xC0000024

        bl      finish_checks
        return
        endfunction _start

        function producer, keep=2
        li      r31, 0
        address r30, ring
1:      wait    places
        clrlslwi r11, r31, 30, 2
        addi    r31, r31, 1
        stwx    r31, r30, r11
        release items, 1
        cmplwi  r31, items_total
        bne     1b
        li      r3, 0
        return
        endfunction producer
