// Package story plays the stories that a protocol's tests tell: small runs in
// which a script says what happens, and a golden text what it led to.
//
// A story is a txtar file in the protocol's testdata. Its comment says in prose
// what happens, why it matters and where that is known from. Its files are:
//
//	-- setup --    what there is, a "key: value" a line; may be left out
//	-- script --   what happens, a command a line
//	-- story --    what it led to; go test -update rewrites it
//
// A protocol's external test package plays all of them with [Run]. Each is
// played twice, and both must be equal to the last byte of the last node.
//
// # Setup
//
//	nodes: 3                 or their names; n1 n2 n3 unless told otherwise
//	members: n1 n2           who votes at the start; all, unless told otherwise
//	clients: alice bob       c1 c2 c3, unless told otherwise
//	links: datagram          or stream; what the protocol demands otherwise
//	tick: 100ms
//	delay: 1ms 5ms           of a packet, as long as time runs
//	fsync: 1ms 4ms           of a force
//	patience: 10s            how long a client waits for one node
//	seed: 1
//	reads: local             any other key is a parameter of the protocol
//
// # Script
//
// Nothing happens unless a line says so, and no time passes but by run. What a
// line starts with # is kept as part of the story.
//
//	boot n1 n2 n3            first boot or restart
//	crash n1 [keeping all|none|N [torn]]     of the writes not yet forced
//	pause n1 / resume n1
//	sync n1                  the force (fsync) under way completes; also several, or all
//	fail sync n1 [keeping N] it ends in an error, which stops the node
//	fire election at n2      a timer runs out; a key may follow its name
//	rot record 2 of n1       also: rot meta of n1, rot snapshot of n1
//	fill disk n1 / free disk n1
//	lose disk n1             of a node that is down: it will boot with an empty one
//	drift clock n1 by 200ppm, jump clock n1 by -5s
//
//	c1 asks n1: put x 1      get, put (write), cas x OLD NEW, create, delete, add
//	c1 asks n1 then n2: …    whom it asks next if n1 refuses or c1 gives up on it
//	c1 asks n1: put x 1; put y 2      one transaction
//	c1 asks n1: transfer a b 10
//	c1 asks n1: reconfigure n1 n2 n4
//	c1 gives up              it waits no longer
//	each c2 to c900 asks n1: add x 1  one after the other, each served as by settle
//
//	deliver n1→n2            the oldest packet on its way there (-> does as well)
//	deliver Ack n2→n1        the oldest of that type; a stream keeps its order
//	deliver last Ack n2→n1   the newest
//	deliver all [Ack] [n2→n1 | n1↔n2 | from n1 | to n2]
//	drop …, duplicate …, corrupt …    the same of datagrams
//	hold [LINKS] / release [LINKS]    time moves nothing there
//	cut n1→n2 | n1↔n2 | from n1 | to n1 | around n1 / heal [LINKS]
//	split n1 n2 | n3 n4 n5
//	break n1↔n2 [keeping all]         a stream breaks, with what is in flight on it
//
//	settle                   all packets arrive and all forces complete, no timer fires
//	run 500ms                time passes; the seed decides
//	run until leading at n2 [within 5s]      a note of that kind; "TEXT" in quotes, or
//	                                         kind and text: role looking
//	run until c1 is answered
//	run until quiet          nothing is in flight, on no disk either
//	closely COMMAND          shows every step of it
//	quietly COMMAND          shows only notes and answers: as run does by itself
//
//	from here on             what was noted and sent before is not counted any more
//	expect …                 must hold now
//
//	expect note leading at n2 [once | 3 times]     expect no note leading at n1
//	expect note "TRUNC" at n3            by its text; by both: expect note role looking
//	expect c1 got ok                     as the story shows it; expect c1 waits
//	expect n1 is up|down|paused
//	expect n1.Role is leading            a field of the node's state; is not
//	expect n1.Log has 3                  entries
//	expect n1.disk.Meta.Epoch is 2       of its disk, what is durable
//	expect n1 n2 hold x = 1              expect n1 holds no x
//	expect n1 n2 agree                   their state machines are equal
//	expect 2 Ack sent [LINKS]            expect no Ack sent; in flight
//	expect nothing in flight [LINKS]
//	expect timer election at n1          expect no timer election at n1
//
// The package is for tests only. Of this module it may import protocols,
// protocols/state, protocols/machine, protocols/hint, network and sim; it knows
// no protocol by name.
package story
