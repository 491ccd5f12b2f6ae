package protocols

// Event is what can happen to a node: one of Recovered, Received, TimerFired,
// Requested, Persisted and Disconnected.
type Event interface{ isEvent() }

// Recovered is the first event of every life of a node. First boot and
// restart are the same path: the node gets what its disk kept, which at first
// boot is nothing.
type Recovered struct{ Disk Disk }

// Received delivers a message. On a datagram link it may be a duplicate, late
// or out of order; on a stream link messages of one sender arrive in the order
// sent, without a gap between two Disconnected events.
type Received struct {
	From    NodeID
	Message Message
}

// TimerFired reports that a timer set with SetTimer ran out. It is then no
// longer set.
type TimerFired struct{ Timer Timer }

// Requested hands the node a client's command. Request numbers of one client
// grow; a repeated number is a retry of the same command, perhaps after
// another node was asked.
type Requested struct {
	Client  ClientID
	Request uint64
	Command Command
}

// Persisted reports that everything up to and including the Persist effect
// with this mark is on stable storage.
type Persisted struct{ Mark uint64 }

// Disconnected reports that the stream link with a peer broke: of what this
// node sent and the peer had not yet got, and the other way round, a suffix is
// lost. A later Send opens a new link by itself; if the peer cannot be reached
// that message is lost too and Disconnected comes again. It never happens on
// datagram links.
type Disconnected struct{ Peer NodeID }

func (Recovered) isEvent()    {}
func (Received) isEvent()     {}
func (TimerFired) isEvent()   {}
func (Requested) isEvent()    {}
func (Persisted) isEvent()    {}
func (Disconnected) isEvent() {}

// Reconfigure is the command by which a protocol that can change its members
// does: Members, in growing order, are to be those who vote. The result is the
// same as that of the state machine's commands: none, once it is in force.
type Reconfigure struct{ Members []NodeID }

// Sized is a command that tells about how many bytes it has, for whoever bounds what
// it puts together. Any other counts as small.
type Sized interface{ Size() int }

// Origin implements Originated.
func (e Requested) Origin() (ClientID, uint64) { return e.Client, e.Request }

// Carries implements Carrier.
func (e Requested) Carries() Command { return e.Command }
