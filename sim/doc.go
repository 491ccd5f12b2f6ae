// Package sim holds the simulated system as data, and the scheduler that runs
// it by virtual time.
//
// A World is a State (nodes with their disks, timers and clocks, the network,
// the clients with their calls) that can step. From a world follow the enabled
// Choices: deliver or drop a packet, let a timer fire, complete an fsync, crash
// keeping so much of what was not yet forced, restart, start an operation.
// Apply makes one of them and tells in a Step what it did. Nothing in a world
// is drawn at random and nothing has an instant: a world can be copied, stepped
// by anybody and in any order.
//
// The Simulator is one scheduler of it. It gives every choice that a step set
// going an instant, drawn from named streams of one seed (Stream), and makes
// the earliest. Faults come from outside, through Inflict. An Observer sees
// each step, before the simulator schedules what follows from it.
//
// What the package guarantees:
//   - equal worlds and choices give equal steps; equal seeds, configurations
//     and faults give equal runs, on every machine;
//   - a draw more in one stream shifts no other: the network has a stream an
//     ordered pair, timers and disks have one a node, the clients have one;
//   - no hidden ordering: a Send is under way at once, whatever is still to be
//     forced to disk; a crash keeps any prefix of what was not, and an fsync
//     that failed keeps nobody knows what, and stops the node;
//   - what a cut meets on its way is lost (datagrams) or held until the link is
//     whole or the stream breaks (streams);
//   - a client's operation fails only if surely nothing happened: after a
//     time-out or a broken connection its outcome is Info.
//
// What it does not model: a node's steps take no time unless it is made slow;
// clients never lose a packet to their own node; a torn write is always found
// by its length, so that it is not mistaken for a rotten record.
//
// The package may import protocols, protocols/state and network; it knows no
// protocol by name.
package sim
