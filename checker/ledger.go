package checker

import (
	"slices"
	"strconv"

	"quorumlab/protocols"
)

// ledger is what the acceptors of a run have told: promises, votes, and who
// votes. Everything that is decided by ballots can be held against it; a slot is
// whatever is decided by itself: a place in a log, or an instance of single-decree
// Paxos.
type ledger struct {
	slots map[uint64]*decree
	// apart tells that promises are given slot by slot, not for all at once.
	apart bool
	// promises holds which ballots a node has promised, highest the highest
	// that it has promised or accepted in.
	promises map[promise]bool
	highest  map[scope]uint64
	// losses counts how often a node has lost what it promised and accepted:
	// each time it becomes another acceptor.
	losses map[protocols.NodeID]int
	// configurations are in the order of their slots.
	configurations []configuration
	// chosenMax is the highest slot of which a node said that it is chosen.
	chosenMax uint64
}

type promise struct {
	acceptor
	ballot uint64
	slot   uint64 // 0: all
}

// scope is what an acceptor promises by itself: a slot, or 0 for all of them.
type scope struct {
	acceptor
	slot uint64
}

// acceptor is a node until it loses its disk.
type acceptor struct {
	node   protocols.NodeID
	losses int
}

// decree is what is known of one slot.
type decree struct {
	proposals []ballotValue
	votes     []ballotVote
	// chosen is the first value of which a node said so, or that a quorum was
	// seen to have accepted.
	chosen *choice
}

type ballotValue struct {
	ballot uint64
	value  any
}

type ballotVote struct {
	ballotValue
	acceptor
}

type choice struct {
	ballotValue
	node protocols.NodeID
	step uint64
}

// configuration is who votes from a slot on.
type configuration struct {
	from, decided uint64
	members       []protocols.NodeID
	node          protocols.NodeID // that told it first
	step          uint64
}

func newLedger() ledger {
	return ledger{
		slots: map[uint64]*decree{}, promises: map[promise]bool{},
		highest: map[scope]uint64{}, losses: map[protocols.NodeID]int{},
	}
}

func (l *ledger) slot(number uint64) *decree {
	d := l.slots[number]
	if d == nil {
		d = &decree{}
		l.slots[number] = d
	}
	return d
}

// take enters a note, after the rules have seen it.
func (l *ledger) take(s *Set, node protocols.NodeID, note *protocols.Note) {
	said := ballotValue{note.Term, note.Value}
	switch note.Kind {
	case protocols.Proposed:
		if d := l.slot(note.Slot); !slices.ContainsFunc(d.proposals, func(p ballotValue) bool { return p.ballot == note.Term }) {
			d.proposals = append(d.proposals, said)
		}
	case protocols.Accepted:
		d, who := l.slot(note.Slot), acceptor{node, l.losses[node]}
		if !slices.ContainsFunc(d.votes, func(v ballotVote) bool { return v.acceptor == who && v.ballot == note.Term }) {
			d.votes = append(d.votes, ballotVote{said, who})
		}
		within := l.within(node, note.Slot)
		l.highest[within] = max(l.highest[within], note.Term)
	case protocols.Promised:
		l.apart = l.apart || note.Slot != 0
		within := l.within(node, note.Slot)
		l.promises[promise{within.acceptor, note.Term, within.slot}] = true
		l.highest[within] = max(l.highest[within], note.Term)
	case protocols.Chosen:
		l.chosenMax = max(l.chosenMax, note.Slot)
		if d := l.slot(note.Slot); d.chosen == nil {
			d.chosen = &choice{said, node, s.step.Number}
		}
	case protocols.Configured:
		l.configure(s, node, note)
	case protocols.Lost:
		// What the lost acceptor promised and accepted still counts for the
		// ballots that relied on it, and for nothing else.
		l.losses[node]++
	}
}

// within returns for what a node, as the acceptor that it is, promises when it
// promises something about a slot.
func (l *ledger) within(node protocols.NodeID, slot uint64) scope {
	if !l.apart {
		slot = 0
	}
	return scope{acceptor{node, l.losses[node]}, slot}
}

func (l *ledger) configure(s *Set, node protocols.NodeID, note *protocols.Note) {
	members, ok := note.Value.([]protocols.NodeID)
	at, known := l.find(note.Slot)
	if !ok || known {
		return
	}
	l.configurations = slices.Insert(l.configurations, at, configuration{note.Slot, note.Term, members, node, s.step.Number})
}

// find returns the place of the configuration that begins at a slot.
func (l *ledger) find(from uint64) (at int, known bool) {
	return slices.BinarySearchFunc(l.configurations, from, func(c configuration, from uint64) int {
		if c.from < from {
			return -1
		}
		return int(min(c.from-from, 1))
	})
}

// members returns who votes on a slot: if nobody said all nodes, or the first 2F+1
// of them in a protocol that is told how many faults it is to tolerate (F > 0).
func (s *Set) members(slot uint64) []protocols.NodeID {
	at, known := s.ledger.find(slot)
	if !known {
		at--
	}
	if at >= 0 {
		return s.ledger.configurations[at].members
	}
	acceptors := len(s.world.Nodes)
	if faults, given := s.faults(); given && faults > 0 {
		acceptors = min(acceptors, 2*faults+1)
	}
	all := make([]protocols.NodeID, acceptors)
	for i := range all {
		all[i] = protocols.NodeID(i + 1)
	}
	return all
}

// faults returns the parameter of that name, if there is one: F of Gray, Lamport,
// "Consensus on transaction commit" (TODS 2006).
func (s *Set) faults() (number int, given bool) {
	number, err := strconv.Atoi(s.world.Setup().Parameters["faults"])
	return number, err == nil && number >= 0
}

// quorum returns how many of some members are a quorum of the first or second
// phase. It is a majority (one acceptor, where no fault is tolerated), unless the
// protocol has parameters q1 and q2 (flexible quorums: Howard, Malkhi, Spiegelman,
// OPODIS 2016).
func (s *Set) quorum(parameter string, members int) int {
	if faults, given := s.faults(); given {
		return faults + 1
	}
	if given := s.world.Setup().Parameters[parameter]; given != "" {
		if number, ok := wholeNumber(given); ok {
			return number
		}
	}
	return members/2 + 1
}

// voters returns which members voted for a slot in a ballot.
func (s *Set) voters(slot, ballot uint64) []protocols.NodeID {
	members := s.members(slot)
	var voters []protocols.NodeID
	for _, v := range s.ledger.slot(slot).votes {
		if v.ballot == ballot && slices.Contains(members, v.node) && !slices.Contains(voters, v.node) {
			voters = append(voters, v.node)
		}
	}
	return voters
}

// promiser returns as which acceptor a node promised a ballot for a slot, the last
// one if it did so several times.
func (l *ledger) promiser(node protocols.NodeID, slot, ballot uint64) (who acceptor, promised bool) {
	if !l.apart {
		slot = 0
	}
	for losses := l.losses[node]; losses >= 0; losses-- {
		if who = (acceptor{node, losses}); l.promises[promise{who, ballot, slot}] {
			return who, true
		}
	}
	return acceptor{}, false
}
