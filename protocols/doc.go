// Package protocols is the contract between a protocol and whatever runs it.
//
// A protocol is a Node: a step machine that is given one Event and appends
// Effects. It never knows where it runs: whatever runs it (package sim does) is
// a loop around Step and one switch over effects, and calls the very same code.
//
// # The way of one request
//
// A client of package zab writes x := 1, and asks node 2, which follows node 1:
//
//	client → 2   Requested{Client: 7, Request: 1, Command: put x 1}
//	             2 appends Send{To: 1, the command}
//	2 → 1        Received{From: 2, …}
//	             1 appends Note{Broadcast}, Send{To: 2, a proposal},
//	             Send{To: 3, a proposal}, Persist{Mark: 5, Append{the transaction}}
//	1 → 2, 3     Received{From: 1, …}: each appends Persist{Mark: 9, …}
//	disks        Persisted{Mark: 5} at 1, Persisted{Mark: 9} at 2
//	             2 appends Send{To: 1, an acknowledgement}
//	2 → 1        Received{From: 2, …}: with its own that is a quorum; 1 appends
//	             Send{To: 2, a commit}, Send{To: 3, a commit}, Note{Delivered},
//	             and applies the command to its state machine
//	1 → 2        Received{From: 1, …}: 2 appends Note{Delivered}, applies the
//	             command, and appends Reply{Client: 7, Request: 1, Result}
//
// Nothing in it waits: what has to wait for the disk is told by Persisted, what
// has to wait for time by TimerFired. A node that speaks before Persisted is not
// stopped by anybody, and so is caught (Vow).
//
// # What holds
//
//   - Boot and restart are one path: Recovered is the first event of every life,
//     with what the disk kept. Everything else of a node is gone.
//   - Whatever is chosen is chosen outside: a timer has a range, and who runs
//     the node picks the instant.
//   - Every step is given the node's own clock reading, which may be wrong. A
//     protocol that rests safety on it says which error it tolerates.
//   - State, messages and records are exported plain data (package state), so
//     that they are copied, compared, encoded and shown without code of their own.
//
// The package imports nothing of this module, and holds no protocol. One that is
// read first: primarybackup. The hardest: zab.
package protocols
