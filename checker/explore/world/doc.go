// Package world makes worlds of real protocol nodes into models that the
// explorer can search: the code that is explored is the code that runs.
//
// A state has a word a node (its state, disk and timers), one a pair of nodes
// (what is under way between them, and whether a stream connects them), one a
// client, and one each for what the clients saw, what the nodes noted and how
// much of the fault budgets is used. Each names an interned content. What an event
// does to a node is computed once, by the node's own Step on a copy, and then
// looked up; likewise what happens on a link, by the network of the simulator.
//
// Packet and timer numbers, instants and the clock are no part of a state:
// whatever is under way may arrive at any time, and a timer that is set may run
// out at any time, as often as the budget allows. Nodes read the clock 0.
//
// # What is explored
//
// Every order of: deliveries (of a stream the first packet, of datagrams any),
// completed forces of a disk, requests and answers of clients; and within the
// budgets: timers that run out, crashes that keep any prefix of what was not yet
// forced, lost and doubled datagrams, streams that break and lose any suffix in
// either direction, cuts that keep one node from all others until they heal. A node that is down may restart at any time. All nodes boot
// at once, before anything is delivered.
//
// Config.Limits say what of this is left out (limits.go): what hides nothing
// (prompt calls, effectless datagrams) and what is a bound (the start, prompt
// disks, prompt hints). Timers have two budgets: one for any time, one for when
// nothing else can happen.
//
// A stream loses nothing but by a break: then all that is under way from some
// place on is lost, in each direction, and both ends learn it. So one message that is
// lost, and all that follows it on its stream, is one break; a message lost by itself
// is what no stream does. It is what datagrams do (links=datagram, drops), for
// protocols that can do with them.
//
// A script (script.go) may lead to where something is at stake before exploration
// begins: to a leader that has lost touch with a node, or to a log that ends with
// what no other has. What it does is one run, and a bound; the states behind it are
// explored as all others.
//
// What comes at last is asked if Config.AtLast says so, of runs without end, in which
// timers have no budget (atlast.go): that participants in doubt decide, or that clients
// are served.
//
// What is not: other cuts (clients are never cut off), clocks, pauses, torn
// writes (they count as not written), bit rot and full disks.
//
// Of this module the package may import protocols, protocols/state, network,
// sim, checker/linear and checker/explore. It knows no protocol by name.
package world
