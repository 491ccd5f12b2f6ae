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
// the earliest. Faults come from outside, through Inflict, and single choices
// out of their turn through Choose (package sim/story tells stories with it). An Observer sees
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
// # Where it is kinder than the world
//
// What is listed here no run can show:
//
//   - disks: unforced writes reach the disk in order, each as a whole; a torn
//     one is always found by its length, and counts as not written; no force
//     that succeeds is a lie (a mutant tells that one); every checksum tells
//     what rots;
//   - links: a corrupted packet is always found; queues have no bound; the
//     connection of a client is never half open, and nothing but loss, cuts and
//     crashes touches its way: no damage, no bandwidth; its clock is true;
//   - nodes: a step takes no time unless the node is made slow, memory has no
//     bound, and a node stops as a whole or not at all.
//
// The package is pure: no clock, no randomness but that of its streams, no input
// or output, no goroutine. It may import protocols, protocols/state and network;
// it knows no protocol by name.
package sim
