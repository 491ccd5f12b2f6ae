package protocols

// Note tells people and checkers of a milestone. It changes nothing.
type Note struct {
	Kind NoteKind
	// Term is the epoch, ballot or view that the milestone belongs to, 0 if
	// it has none.
	Term uint64
	// Slot is the zxid, log slot or transaction number, 0 if it has none.
	Slot uint64
	// Value is what was broadcast, delivered or decided; nil if nothing was.
	// What stands for a client's request implements Originated.
	Value any
	// Text is a short constant phrase for people, or "".
	Text string
}

// Originated is a value that stands for a client's request: it says whose.
type Originated interface {
	Origin() (ClientID, uint64)
}

// Carrier is an Originated value that carries the command which the request is
// about: whoever delivers it applies that, unless the request was executed before.
type Carrier interface {
	Originated
	Carries() Command
}

// NoteKind is the kind of a milestone.
type NoteKind string

// The kinds that checkers know. A protocol may add its own for people.
const (
	// Role: the node takes up the role named in Text.
	Role NoteKind = "role"
	// Leading: the node is the established leader (primary) of Term: from
	// now on it may broadcast in it.
	Leading NoteKind = "leading"
	// Broadcast: as primary of Term, the node hands Value to its peers
	// for the first time, at Slot.
	Broadcast NoteKind = "broadcast"
	// Delivered: the node applies Value of Slot to its state machine. Term is
	// that in which it was broadcast, which may be over. After Recovered or
	// Restored the node delivers anew from there.
	Delivered NoteKind = "delivered"
	// Restored: the node's state machine now is the one after Slot, that of a
	// transaction (0: the one it was given with), not by delivering. Term is
	// that in which it was broadcast; 0: there is but one of this Slot.
	Restored NoteKind = "restored"
	// Synchronized: a peer was brought up to date, or the node was; Text
	// says how (DIFF, TRUNC, SNAP).
	Synchronized NoteKind = "synchronized"
	// Halted: the node stops for good until it is restarted; Text says why.
	Halted NoteKind = "halted"
)

// The kinds of atomic commitment. Slot is the number of the transaction. Timers
// that are about a transaction have that number as Key.
const (
	// Begun: a coordinator asks the participants in Value, an Undertaking, for
	// their votes for the first time.
	Begun NoteKind = "begun"
	// Voted: a participant casts its vote, which Text names.
	Voted NoteKind = "voted"
	// Decided: the node knows the transaction's fate, which Text names, for
	// good: a participant has carried it out, a coordinator may tell it.
	Decided NoteKind = "decided"
	// Blocked: at a participant the request in Value, an Asker, meets a lock of
	// the transaction, which is in doubt there; it waits or is refused, as Text
	// says.
	Blocked NoteKind = "blocked"
	// Heuristic: a participant in doubt has waited long enough and goes its own
	// way, which Text names.
	Heuristic NoteKind = "heuristic"
	// Damage: a participant that went its own way learns that the transaction
	// was decided otherwise, as Text names.
	Damage NoteKind = "heuristic-damage"
)

// Undertaking is the Value of Begun: for whom, and who takes part.
type Undertaking struct {
	Client       ClientID
	Request      uint64
	Participants []NodeID // in growing order
}

// Origin implements Originated.
func (u Undertaking) Origin() (ClientID, uint64) { return u.Client, u.Request }

// Asker is the Value of Blocked: whose request it is.
type Asker struct {
	Client  ClientID
	Request uint64
}

// Origin implements Originated.
func (a Asker) Origin() (ClientID, uint64) { return a.Client, a.Request }

// The Texts of Voted and Decided.
const (
	VoteYes      = "yes"
	VoteNo       = "no"
	VoteReadOnly = "read-only"
	Commit       = "commit"
	Abort        = "abort"
)

// The kinds of Paxos. Term is the ballot as a number, Slot the log slot (or the
// instance) from 1, Value the value that it is about.
const (
	// Proposed: the leader of the ballot asks acceptors to accept Value.
	Proposed NoteKind = "proposed"
	// Accepted: an acceptor has Value on its disk as accepted in the ballot.
	// When it boots it tells so again of all that it has there: the last may
	// have got there without its knowing.
	Accepted NoteKind = "accepted"
	// Chosen: the node knows that Value is chosen.
	Chosen NoteKind = "chosen"
	// Promised: an acceptor has on its disk that it accepts nothing below
	// the ballot, in Slot or, if that is 0, in any.
	Promised NoteKind = "promised"
	// Lost: the node has lost what it promised and accepted. From now on it
	// is another acceptor, whose votes count only when that was agreed on.
	Lost NoteKind = "lost"
)

// The kinds of leases. Term is the ballot or epoch of the holder.
const (
	// Leased: the node holds the lease until its own clock reads Value, an
	// int64 of nanoseconds.
	Leased NoteKind = "leased"
	// Lapsed: the node gives its lease up.
	Lapsed NoteKind = "lapsed"
)

// The kinds of coordination. Text names the lock, the resource or the job.
const (
	// Acquired: the session that Slot numbers, 0 for the node itself, has the
	// lock from now on; Term is its fencing token, 0 if it has none.
	Acquired NoteKind = "acquired"
	// Released: it has it no more.
	Released NoteKind = "released"
	// Admitted: the resource carries out what came with the token Term.
	Admitted NoteKind = "admitted"
	// Due: the job is to be done for the instant that Slot numbers.
	Due NoteKind = "due"
	// Performed: its effect for that instant has taken place.
	Performed NoteKind = "performed"
)

// The kinds of membership.
const (
	// Configured: from Slot on the node goes by the members in Value, a
	// []NodeID in growing order. Term is the slot that decided it, 0 if it
	// held from the start.
	Configured NoteKind = "configured"
)
