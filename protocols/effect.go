package protocols

import "time"

// Effect is what a node wants done: one of Send, SetTimer, CancelTimer,
// Persist, Reply and Note. The effects of one step are independent of each
// other: no driver delays a Send until an earlier Persist is done.
type Effect interface{ isEffect() }

// Effects collects the effects of one step, in the order they were wanted.
type Effects []Effect

// Send hands a message to the link with a peer. A node does not send to
// itself.
type Send struct {
	To      NodeID
	Message Message
}

// SetTimer starts a timer, or starts it anew. It fires once, after a time
// between Min and Max, both included, on the node's own clock; the
// environment chooses the instant.
type SetTimer struct {
	Timer    Timer
	Min, Max time.Duration
}

// CancelTimer stops a timer. If it is not set nothing happens.
type CancelTimer struct{ Timer Timer }

// Persist changes the disk by all of Writes, in order, and later leads to
// Persisted{Mark}. Marks grow from one Persist to the next. A crash before
// Persisted keeps any prefix of the writes that were under way, over all
// Persists in order; a write is kept whole or not at all.
type Persist struct {
	Mark   uint64
	Writes []Write
}

// Reply answers a client. Refusal is "" when the command was executed and
// Result is its result; else the command surely was not and never will be
// executed on account of this request, and Refusal is one of the constants
// below. Of a command whose fate it does not know a node says nothing.
type Reply struct {
	Client  ClientID
	Request uint64
	Result  Result
	Refusal string
}

// Reasons for a Refusal.
const (
	NotLeader = "not-leader" // the node does not lead, and hands nothing on
	NoQuorum  = "no-quorum"  // the node belongs to no quorum that works
	Aborted   = "abort"      // the transaction was decided so
	Conflict  = "conflict"   // another command was in the way

	Unsupported = "unsupported" // the protocol cannot execute such a command
	// SessionGone: the client's session ended, and with it the knowledge which
	// of its requests were executed. An earlier attempt of this one may have been.
	SessionGone = "session-gone"
)

func (Send) isEffect()        {}
func (SetTimer) isEffect()    {}
func (CancelTimer) isEffect() {}
func (Persist) isEffect()     {}
func (Reply) isEffect()       {}
func (Note) isEffect()        {}

// Send appends a Send.
func (e *Effects) Send(to NodeID, message Message) {
	*e = append(*e, Send{To: to, Message: message})
}

// SetTimer appends a SetTimer.
func (e *Effects) SetTimer(timer Timer, shortest, longest time.Duration) {
	*e = append(*e, SetTimer{Timer: timer, Min: shortest, Max: longest})
}

// CancelTimer appends a CancelTimer.
func (e *Effects) CancelTimer(timer Timer) {
	*e = append(*e, CancelTimer{Timer: timer})
}

// Persist appends a Persist.
func (e *Effects) Persist(mark uint64, writes ...Write) {
	*e = append(*e, Persist{Mark: mark, Writes: writes})
}

// Reply appends a Reply that carries a result.
func (e *Effects) Reply(client ClientID, request uint64, result Result) {
	*e = append(*e, Reply{Client: client, Request: request, Result: result})
}

// Refuse appends a Reply that carries a refusal.
func (e *Effects) Refuse(client ClientID, request uint64, refusal string) {
	*e = append(*e, Reply{Client: client, Request: request, Refusal: refusal})
}

// Note appends a Note.
func (e *Effects) Note(note Note) {
	*e = append(*e, note)
}
