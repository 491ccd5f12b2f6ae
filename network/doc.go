// Package network is the links between nodes, as plain data: what is in
// flight, what connections stand, who is up, which partitions are in force.
// It also has the delays and chances that a scheduler draws, and the frame
// that carries a message over a real socket.
//
// # Who decides
//
// Nothing here decides when or whether something happens. A scheduler does: it
// calls Send for what nodes send, and Deliver, Drop, Duplicate, Corrupt,
// Break, Crash, Restart, Cut and Heal for what befalls them. All of these are
// deterministic. The simulator draws delays and faults from Conditions; whoever
// explores tries each, or picks one. Send, Break, Crash and Deliver
// return the IDs of what they put in flight, so that an instant can be drawn
// for it. When the instant comes the packet may be gone: that is Absent, and
// no error.
//
// # Datagrams
//
// The queue of a link is a bag: any packet can be delivered, dropped or
// duplicated. Cuts and crashes are asked on delivery, so that a partition hits
// what is in flight when it begins; to a node that is down or cut off nothing
// arrives. A packet to or from a node that crashed stays in flight.
//
// # Streams
//
// Two nodes have at most one connection at a time, as over TCP. The first Send
// opens it. A break cuts off what was in flight, in each direction behind a
// prefix of its own, and puts a marker behind that prefix: the news of the
// break, which reaches the end as protocols.Disconnected. Each end learns of
// it in its own time; until then all that it sends is lost, even if the other
// end has already opened the next connection.
//
// The state of a pair is Connection.Established, and per end the number of
// markers in flight to it, Link.Breaks. Seen from end X with peer Y:
//
//	Established  markers to X  Send by X                              state of X
//	no           0             opens if Y is up and neither way cut:  no connection
//	                           Established, in flight; else lost,
//	                           marker to X
//	yes          0             in flight                              connected
//	no           1 or more     lost                                   does not know that it broke
//	yes          1 or more     lost                                   does not know that it broke,
//	                                                                  nor that Y is on the next one
//
//	Deliver      first packet, if it comes before a marker or X can be reached
//	             now; else it is held (the sender's machine retransmits)
//	marker       delivered: one marker less; nothing else changes
//	Break        only if Established: not any more; both queues cut, a marker to
//	             both ends, but to none whose queue ends with a marker
//	Y crashes    all in flight to Y is gone; the queue to X as for Break
//	Cut          changes nothing but what can arrive; in flight is held until
//	             Heal, or Break when a time-out is up (Stalled)
//
// From this follow the invariants that the tests hold against an independent
// model made of sockets:
//
//   - Between two Disconnected at X, what X receives from Y is a prefix of what
//     Y sent on one connection, without a gap.
//   - Nothing of a connection reaches X before X has learned of the end of the
//     one before.
//   - If a pair is not Established, each of its two queues is empty or ends
//     with a marker.
//   - Nothing is in flight to a node that is down.
//   - No message crosses a cut: a break under a cut keeps nothing, for what is
//     in flight has not reached the receiver's machine.
//
// # Randomness
//
// Draws come from a Source, use integers only, and take a stated number of
// numbers from it. Equal sources give equal draws on every machine.
//
// # Data
//
// Network, Link, Packet, Conditions and the rest are exported plain data, and
// canonical: a queue holds what is in flight and nothing else, partitions are
// in the order of their names. Two networks of equal history are equal, and so
// are their canonical bytes. Only IDs and Packet.Sent tell how a state came
// about; whoever compares states reached on different ways leaves them out.
//
// The package imports protocols and nothing else of this module. It reads no
// clock, random source, file or socket.
package network
