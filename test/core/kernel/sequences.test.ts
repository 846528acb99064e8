import { describe, test } from 'vitest'
import { runScript } from './script.ts'

type Case = readonly [title: string, script: string]

const events: readonly Case[] = [
  [
    'an auto-reset event that nobody waits for stays set until one wait takes it',
    `main event e auto
     main set e -> 0
     state e = 1
     a wait e -> ok
     state e = 0
     a wait e poll -> timeout`,
  ],
  [
    'an auto-reset event wakes one thread at a time, first come first served',
    `main event e auto
     a wait e -> parked
     b wait e -> parked
     c wait e -> parked
     main set e -> 0
     wakes a=ok
     state e = 0
     main set e -> 0
     main set e -> 0
     wakes b=ok c=ok
     gets c ok`,
  ],
  [
    'a manual-reset event wakes everybody and stays set',
    `main event e manual
     a wait e -> parked
     b wait e -> parked
     main set e -> 0
     wakes a=ok b=ok
     c wait e -> ok
     state e = 1
     main reset e
     c wait e poll -> timeout`,
  ],
  [
    'setting what is set answers the state before, and the signal is lost',
    `main event e auto set
     main event m manual set
     main set e -> 1
     main set m -> 1
     tells signal.lost signal.lost`,
  ],
  [
    'a pulse wakes one waiter of an auto-reset event, and leaves it reset',
    `main event e auto
     a wait e -> parked
     b wait e -> parked
     main pulse e -> 0
     wakes a=ok
     state e = 0`,
  ],
  [
    'a pulse wakes every waiter of a manual-reset event, and leaves it reset',
    `main event e manual
     a wait e -> parked
     b wait e -> parked
     main pulse e -> 0
     wakes a=ok b=ok
     state e = 0`,
  ],
  [
    'a pulse into nobody is lost, and resets what was set',
    `main event e manual set
     main pulse e -> 1
     tells signal.lost
     state e = 0`,
  ],
  [
    'an event at a pointer is the same object as by its handle',
    `main event e auto
     main kevent k auto
     a wait k -> parked
     main set k -> 0
     wakes a=ok
     gets a ok
     a wait e -> parked
     main set e -> 0
     wakes a=ok`,
  ],
  [
    'setting a closed handle is a call on nothing',
    `main event e auto
     main close e
     main set e -> invalid
     main reset e -> invalid
     a wait e -> invalid
     tells ghost.met ghost.met ghost.met`,
  ],
  [
    'an event is no semaphore',
    `main event e auto
     main semaphore s 0 1
     main release e 1 -> mismatch
     main set s -> mismatch
     main unlock e -> mismatch`,
  ],
  [
    'an object lives until its last handle is closed',
    `main event e auto
     main duplicate e f
     main close e
     main set f -> 0
     a wait f -> ok
     main close f
     main set f -> invalid`,
  ],
]

const lives: readonly Case[] = [
  [
    'an object whose last handle is closed while somebody waits for it lives until the wait ends',
    `main event e auto
     a wait e 10ms -> parked
     main close e
     main set e -> invalid
     pass 10ms
     wakes a=timeout`,
  ],
  [
    'a timer whose last handle is closed does not expire',
    `main timer t auto
     main arm t 5ms 5ms
     main close t
     pass 50ms
     tells`,
  ],
]

const semaphores: readonly Case[] = [
  [
    'a semaphore lets in as many as its count, and a release wakes as many as it adds',
    `main semaphore s 1 4
     a wait s -> ok
     b wait s -> parked
     c wait s -> parked
     d wait s -> parked
     main release s 2 -> 0
     wakes b=ok c=ok
     state s = 0
     main release s 3 -> 0
     wakes d=ok
     state s = 2`,
  ],
  [
    'a release over the limit fails and changes nothing',
    `main semaphore s 2 3
     main release s 2 -> over-limit
     state s = 2
     main release s 0 -> parameter
     main release s 1 -> 2
     tells signal.lost object.signalled`,
  ],
  [
    'a semaphore is not made with a count over its limit',
    `main semaphore s 2 1 -> parameter
     main semaphore t 0 0 -> parameter`,
  ],
]

const mutants: readonly Case[] = [
  [
    'a mutant has one owner, who may take it again',
    `main mutant m
     a wait m -> ok
     a wait m -> ok
     state m = -1
     b wait m poll -> timeout
     a unlock m -> -1
     b wait m poll -> timeout
     a unlock m -> 0
     b wait m -> ok
     state m = 0`,
  ],
  [
    'only its owner gives a mutant up',
    `main mutant m owned
     a unlock m -> not-owned
     main unlock m -> 0
     main unlock m -> not-owned`,
  ],
  [
    'a mutant goes to the next in line when it is given up',
    `main mutant m owned
     a wait m -> parked
     b wait m -> parked
     main unlock m -> 0
     wakes a=ok
     gets a ok
     a unlock m -> 0
     wakes b=ok`,
  ],
  [
    'the mutant of a thread that ends goes to the next with a warning, once',
    `main mutant m
     a wait m -> ok
     a wait m -> ok
     b wait m -> parked
     c wait m -> parked
     a exit 0 -> away
     wakes b=abandoned
     gets b abandoned
     b unlock m -> 0
     wakes c=ok`,
  ],
  [
    'several mutants of a thread that ends are given up in the order they were taken',
    `main mutant m
     main mutant n
     a wait n -> ok
     a wait m -> ok
     b wait m -> parked
     c wait n -> parked
     a exit 0 -> away
     wakes c=abandoned b=abandoned`,
  ],
  [
    'who waits for any of a mutant it owns and others takes the mutant once more',
    `main mutant m
     main event e auto
     a wait m -> ok
     a any e m -> 1
     state m = -1`,
  ],
  [
    'a wait for all with an abandoned mutant says so',
    `main mutant m
     main event e auto
     a wait m -> ok
     b all e m -> parked
     a exit 0 -> away
     wakes
     main set e -> 0
     wakes b=abandoned`,
  ],
]

const several: readonly Case[] = [
  [
    'a wait for any takes the lowest that is signalled, and that alone',
    `main event e auto
     main event f auto set
     main event g auto set
     a any e f g -> 1
     state f = 0
     state g = 1`,
  ],
  [
    'a parked wait for any ends with the place of what was signalled',
    `main event e auto
     main semaphore s 0 1
     main event g manual
     a any e s g -> parked
     main release s 1 -> 0
     wakes a=1
     state s = 0
     a any e s g -> parked
     main set g -> 0
     wakes a=2
     state g = 1`,
  ],
  [
    'a wait for all takes nothing until it can take everything',
    `main event e auto
     main event f auto
     main semaphore s 1 4
     a all e f s -> parked
     main set e -> 0
     wakes
     state e = 1
     b wait s -> ok
     main set f -> 0
     wakes
     main release s 1 -> 0
     wakes a=ok
     state e = 0
     state f = 0
     state s = 0`,
  ],
  [
    'who waits for all is passed over by a signal that is not enough, in favour of the next',
    `main event e auto
     main event f auto
     a all e f -> parked
     b wait e -> parked
     main set e -> 0
     wakes b=ok
     state e = 0`,
  ],
  [
    'one object cannot be waited for twice in a wait for all',
    `main event e auto
     a all e e -> mix
     a any e e -> parked
     main set e -> 0
     wakes a=0`,
  ],
  [
    'signalling and waiting is one step',
    `main mutant m
     main event e auto
     a wait m -> ok
     b wait m -> parked
     a signalwait m e -> parked
     wakes b=ok
     main set e -> 0
     wakes a=ok
     c signalwait m e -> not-owned
     main semaphore s 1 1
     c signalwait s e -> over-limit
     a signalwait c e -> mismatch`,
  ],
]

const timeouts: readonly Case[] = [
  [
    'a wait with a time-out ends when it is reached, not before',
    `main event e auto
     a wait e 10ms -> parked
     pass 9ms
     wakes
     pass 1ms
     wakes a=timeout
     gets a timeout
     main set e -> 0
     state e = 1`,
  ],
  [
    'time-outs end in the order of their deadlines, and equal ones in the order of waiting',
    `main event e auto
     a wait e 20ms -> parked
     b wait e 10ms -> parked
     c wait e 20ms -> parked
     pass 30ms
     wakes b=timeout a=timeout c=timeout`,
  ],
  [
    'a signal before the deadline takes the time-out away',
    `main event e auto
     a wait e 10ms -> parked
     main set e -> 0
     pass 20ms
     wakes a=ok`,
  ],
  [
    'a delay ends with success',
    `a delay 5ms -> parked
     pass 5ms
     wakes a=timeout
     gets a ok`,
  ],
]

const timers: readonly Case[] = [
  [
    'an auto-reset timer wakes one and is reset',
    `main timer t auto
     main arm t 5ms
     a wait t -> parked
     b wait t -> parked
     pass 5ms
     wakes a=ok
     state t = 0`,
  ],
  [
    'a manual-reset timer stays signalled until it is armed again',
    `main timer t manual
     main arm t 5ms
     pass 5ms
     state t = 1
     a wait t -> ok
     b wait t -> ok
     main arm t 5ms
     state t = 0
     a wait t poll -> timeout`,
  ],
  [
    'a periodic timer expires at every period until it is cancelled',
    `main timer t auto
     main arm t 2ms 3ms
     a wait t -> parked
     pass 2ms
     wakes a=ok
     gets a ok
     a wait t -> parked
     pass 3ms
     wakes a=ok
     gets a ok
     main cancel t
     a wait t 9ms -> parked
     pass 9ms
     wakes a=timeout`,
  ],
  [
    'a timer that is armed again expires by the new time alone',
    `main timer t manual
     main arm t 5ms
     pass 3ms
     main arm t 5ms
     pass 3ms
     state t = 0
     pass 2ms
     state t = 1`,
  ],
  [
    'a cancelled timer never expires, and keeps the state it has',
    `main timer t manual
     main arm t 2ms 5ms
     pass 2ms
     main cancel t
     state t = 1
     main timer u auto
     main arm u 2ms
     a wait u 9ms -> parked
     main cancel u
     pass 9ms
     wakes a=timeout`,
  ],
  [
    'an auto-reset timer that expires again before anybody takes it is signalled once',
    `main timer t auto
     main arm t 1ms 1ms
     pass 3ms
     a wait t -> ok
     a wait t poll -> timeout
     tells object.signalled signal.lost signal.lost`,
  ],
  [
    'a timer whose time is past fires at once',
    `main timer t manual
     main arm t 0ms
     pass 1us
     a wait t poll -> ok`,
  ],
]

const threads: readonly Case[] = [
  [
    'a thread object is signalled when its thread ends, for ever',
    `main wait a 1ms -> parked
     a exit 7 -> away
     wakes main=ok
     gets main ok
     main wait a -> ok
     main wait a -> ok`,
  ],
  [
    'a thread that waits and is suspended misses a pulse',
    `main event e auto
     a wait e -> parked
     main suspend a -> 0
     main pulse e -> 0
     wakes
     main resume a -> 1
     main set e -> 0
     wakes a=ok`,
  ],
  [
    'a set event keeps until the suspended waiter is resumed, and others may take it first',
    `main event e auto
     a wait e -> parked
     main suspend a -> 0
     main set e -> 0
     state e = 1
     b wait e -> ok
     main resume a -> 1
     wakes
     main set e -> 0
     wakes a=ok`,
  ],
  [
    'a suspended waiter takes what is signalled when it is resumed',
    `main event e auto
     a wait e -> parked
     main suspend a -> 0
     main set e -> 0
     main resume a -> 1
     wakes a=ok
     state e = 0`,
  ],
  [
    'a suspended waiter goes to the end of the line',
    `main event e auto
     a wait e -> parked
     b wait e -> parked
     main suspend a -> 0
     main resume a -> 1
     main set e -> 0
     wakes b=ok`,
  ],
  [
    'a deadline that passes while a thread is suspended is met when it is resumed',
    `main event e auto
     a wait e 5ms -> parked
     main suspend a -> 0
     pass 10ms
     wakes
     main resume a -> 1
     wakes a=timeout`,
  ],
  [
    'suspensions count, and a thread that is over cannot be suspended',
    `main suspend a -> 0
     main suspend a -> 1
     main resume a -> 2
     main resume a -> 1
     main resume a -> 0
     a exit 0 -> away
     main suspend a -> ending
     main resume a -> 0`,
  ],
]

const alerts: readonly Case[] = [
  [
    'an alert ends an alertable wait, which takes nothing, and is spent by that',
    `main event e auto
     a alertable e -> parked
     main alert a -> 0
     wakes a=alerted
     gets a alerted
     a alertable e -> parked
     main set e -> 0
     wakes a=ok`,
  ],
  [
    'a thread that is alerted before its wait does not begin to wait',
    `main event e auto
     main alert a -> 0
     main alert a -> 1
     a alertable e -> alerted
     a alertable e poll -> timeout`,
  ],
  [
    'a wait that is not alertable is deaf to alerts, which keep',
    `main event e auto
     a wait e -> parked
     main alert a -> 0
     main set e -> 0
     wakes a=ok
     gets a ok
     a alertable e -> alerted`,
  ],
  [
    'what is signalled comes before an alert, and an alert before an APC',
    `main event e auto set
     main alert a -> 0
     main apc a
     a alertable e -> ok
     a alertable e -> alerted
     a alertable e -> away`,
  ],
  [
    'a suspended thread is alerted when it is resumed',
    `main event e auto
     a alertable e -> parked
     main suspend a -> 0
     main alert a kernel -> 0
     wakes
     main resume a -> 1
     wakes a=alerted`,
  ],
]

const apcs: readonly Case[] = [
  [
    'a wait that is not alertable is deaf to APCs',
    `main event e auto
     a wait e -> parked
     main apc a
     wakes
     main set e -> 0
     wakes a=ok`,
  ],
  [
    'an APC ends an alertable wait, which takes nothing',
    `main event e auto
     a alertable e -> parked
     main apc a
     wakes a=apc
     main set e -> 0
     state e = 1`,
  ],
  [
    'what is signalled comes before a pending APC',
    `main event e auto set
     main apc a
     a alertable e -> ok`,
  ],
  [
    'a pending APC is called before an alertable wait parks',
    `main event e auto
     main apc a
     a alertable e -> away`,
  ],
]

describe.each([
  ['events', events],
  ['lives', lives],
  ['semaphores', semaphores],
  ['mutants', mutants],
  ['waits for several objects', several],
  ['time-outs', timeouts],
  ['timers', timers],
  ['threads', threads],
  ['alerts', alerts],
  ['APCs', apcs],
] as const)('%s', (_, cases) => {
  test.each(cases)('%s', (_title, script) => {
    runScript(script)
  })
})
