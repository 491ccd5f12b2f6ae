package checker

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quorumlab/protocols"
)

// This file holds the invariants of what is decided by ballots: Paxos in all its
// forms (single-decree, a log, Paxos Commit with an instance a participant).
// Each sees a note before the ledger has it.

func wholeNumber(text string) (int, bool) {
	number, err := strconv.Atoi(text)
	return number, err == nil && number > 0
}

// decreed names a value: the request that it stands for, or itself.
func (s *Set) decreed(value any) string {
	if q := requestOf(value); q.client != 0 {
		return fmt.Sprintf("request %d of %s", q.number, s.client(q.client))
	}
	return fmt.Sprintf("%+v", value)
}

// listed names nodes in a sentence.
func (s *Set) listed(nodes []protocols.NodeID) string {
	if len(nodes) == 0 {
		return "nobody"
	}
	return strings.Join(s.names(nodes), ", ")
}

// singleChoice: at most one value a slot is ever accepted by a quorum in one
// ballot, over all ballots.
type singleChoice struct{ rule }

func (r *singleChoice) decides(s *Set, node protocols.NodeID, note *protocols.Note) {
	switch note.Kind {
	case protocols.Chosen:
		r.chosen(s, choice{ballotValue{note.Term, note.Value}, node, s.step.Number}, note.Slot)
	case protocols.Accepted:
		members := s.members(note.Slot)
		voters := s.voters(note.Slot, note.Term)
		if !slices.Contains(members, node) || slices.Contains(voters, node) {
			return
		}
		if len(voters)+1 == s.quorum("q2", len(members)) {
			r.chosen(s, choice{ballotValue{note.Term, note.Value}, node, s.step.Number}, note.Slot)
		}
	}
}

func (r *singleChoice) chosen(s *Set, now choice, slot uint64) {
	d := s.ledger.slot(slot)
	if d.chosen == nil {
		d.chosen = &now
	}
	if before := d.chosen; r.open() && !equal(before.value, now.value) {
		r.violate(s, fmt.Sprintf("in slot %d %s was chosen in ballot %d (%s, step %d), and now %s is in ballot %d (%s)",
			slot, s.decreed(before.value), before.ballot, s.name(before.node), before.step,
			s.decreed(now.value), now.ballot, s.name(now.node)))
	}
}

// validity: what is chosen was proposed before, and if it stands for a request
// a client has asked it.
type validity struct{ rule }

func (r *validity) decides(s *Set, node protocols.NodeID, note *protocols.Note) {
	if note.Kind != protocols.Chosen || !r.open() {
		return
	}
	q := requestOf(note.Value)
	if q.client != 0 && (int(q.client) > len(s.world.Clients) || uint64(s.world.Clients[q.client-1].Next) < q.number) {
		r.violate(s, fmt.Sprintf("%s says that in slot %d %s is chosen, which was never asked",
			s.name(node), note.Slot, s.decreed(note.Value)))
		return
	}
	if !slices.ContainsFunc(s.ledger.slot(note.Slot).proposals, func(p ballotValue) bool { return equal(p.value, note.Value) }) {
		r.violate(s, fmt.Sprintf("%s says that in slot %d %s is chosen, which nobody proposed there",
			s.name(node), note.Slot, s.decreed(note.Value)))
	}
}

// oneValue: in a slot and ballot there is one value, proposed or accepted.
type oneValue struct{ rule }

func (r *oneValue) decides(s *Set, node protocols.NodeID, note *protocols.Note) {
	if note.Kind != protocols.Proposed && note.Kind != protocols.Accepted || !r.open() {
		return
	}
	d := s.ledger.slot(note.Slot)
	for _, p := range d.proposals {
		if p.ballot == note.Term && !equal(p.value, note.Value) {
			r.violate(s, fmt.Sprintf("in slot %d %s takes %s in ballot %d, in which %s was proposed",
				note.Slot, s.name(node), s.decreed(note.Value), note.Term, s.decreed(p.value)))
		}
	}
	for _, v := range d.votes {
		if v.ballot == note.Term && !equal(v.value, note.Value) {
			r.violate(s, fmt.Sprintf("in slot %d %s takes %s in ballot %d, in which %s accepted %s",
				note.Slot, s.name(node), s.decreed(note.Value), note.Term, s.name(v.node), s.decreed(v.value)))
		}
	}
}

// p2c: a value is proposed in a ballot only if some quorum of the first phase,
// all of which promised the ballot, accepted nothing below it, or the value is
// that of the highest ballot below it in which one of them accepted. In ballot 0
// nothing can be below.
type p2c struct{ rule }

func (r *p2c) decides(s *Set, node protocols.NodeID, note *protocols.Note) {
	if note.Kind != protocols.Proposed || note.Term == 0 || !r.open() {
		return
	}
	d := s.ledger.slot(note.Slot)
	members := s.members(note.Slot)
	wanted := s.quorum("q1", len(members))
	// Of each that promised, the highest ballot below in which it accepted.
	var lasts []ballotValue
	for _, member := range members {
		who, promised := s.ledger.promiser(member, note.Slot, note.Term)
		if !promised {
			continue
		}
		last := ballotValue{}
		for _, v := range d.votes {
			if v.acceptor == who && v.ballot < note.Term && (last.value == nil || v.ballot >= last.ballot) {
				last = v.ballotValue
			}
		}
		lasts = append(lasts, last)
	}
	if len(lasts) < wanted {
		r.violate(s, fmt.Sprintf("%s proposed %s in slot %d and ballot %d, which %d of %s have promised, not %d",
			s.name(node), s.decreed(note.Value), note.Slot, note.Term, len(lasts), s.listed(members), wanted))
		return
	}
	if !allowed(lasts, wanted, note.Value) {
		r.violate(s, fmt.Sprintf("%s proposed %s in slot %d and ballot %d, but every quorum of those who promised it had accepted something else last",
			s.name(node), s.decreed(note.Value), note.Slot, note.Term))
	}
}

// allowed tells whether some quorum of promisers leaves a value free: none of it
// accepted anything, or the highest accepted is the value.
func allowed(lasts []ballotValue, wanted int, value any) bool {
	atMost := func(ballot uint64, nothing bool) int {
		count := 0
		for _, l := range lasts {
			if l.value == nil || !nothing && l.ballot <= ballot {
				count++
			}
		}
		return count
	}
	if atMost(0, true) >= wanted {
		return true
	}
	return slices.ContainsFunc(lasts, func(l ballotValue) bool {
		return l.value != nil && equal(l.value, value) && atMost(l.ballot, false) >= wanted
	})
}

// keptPromise: the ballot that an acceptor has promised on its disk never falls,
// whatever happens to it in between, and it accepts in none below. When it boots
// it may tell what it accepted before.
type keptPromise struct{ rule }

func (r *keptPromise) decides(s *Set, node protocols.NodeID, note *protocols.Note) {
	if note.Kind != protocols.Promised && note.Kind != protocols.Accepted || !r.open() {
		return
	}
	if _, boots := s.step.Event.(protocols.Recovered); boots && note.Kind == protocols.Accepted {
		return // what it accepted before, told once more
	}
	if highest := s.ledger.highest[s.ledger.within(node, note.Slot)]; note.Term < highest {
		r.violate(s, fmt.Sprintf("%s has %s in ballot %d, after it promised ballot %d",
			s.name(node), note.Kind, note.Term, highest))
	}
}

// slotConfiguration: what chooses in a slot is a quorum of the configuration
// that was decided at least alpha slots before, and known in time.
type slotConfiguration struct{ rule }

func (r *slotConfiguration) decides(s *Set, node protocols.NodeID, note *protocols.Note) {
	switch note.Kind {
	case protocols.Chosen:
		r.chosen(s, node, note)
	case protocols.Configured:
		r.configured(s, node, note)
	}
}

func (r *slotConfiguration) chosen(s *Set, node protocols.NodeID, note *protocols.Note) {
	if !r.open() {
		return
	}
	members := s.members(note.Slot)
	voters := s.voters(note.Slot, note.Term)
	if wanted := s.quorum("q2", len(members)); len(voters) < wanted {
		r.violate(s, fmt.Sprintf("%s says that slot %d is chosen in ballot %d, in which of its configuration (%s) only %s voted, not %d",
			s.name(node), note.Slot, note.Term, s.listed(members), s.listed(voters), wanted))
	}
}

func (r *slotConfiguration) configured(s *Set, node protocols.NodeID, note *protocols.Note) {
	members, ok := note.Value.([]protocols.NodeID)
	if !ok || !r.open() {
		return
	}
	if at, known := s.ledger.find(note.Slot); known {
		if c := s.ledger.configurations[at]; !slices.Equal(c.members, members) {
			r.violate(s, fmt.Sprintf("from slot %d on %s goes by the members %s, and %s by %s (step %d)",
				note.Slot, s.name(node), s.listed(members), s.name(c.node), s.listed(c.members), c.step))
		}
		return
	}
	if alpha, given := wholeNumber(s.world.Setup().Parameters["alpha"]); given && note.Term > 0 && note.Slot < note.Term+uint64(alpha) {
		r.violate(s, fmt.Sprintf("%s goes by the members %s from slot %d on, which slot %d decided, less than %d before",
			s.name(node), s.listed(members), note.Slot, note.Term, alpha))
	}
	if note.Term > 0 && s.ledger.chosenMax >= note.Slot {
		r.violate(s, fmt.Sprintf("%s goes by the members %s from slot %d on, when slot %d had been chosen without them",
			s.name(node), s.listed(members), note.Slot, s.ledger.chosenMax))
	}
}

// ballotEntries are about what is decided by ballots.
func ballotEntries() []entry {
	const partTime = "Lamport: The Part-Time Parliament, TOCS 1998"
	const simple = "Lamport: Paxos Made Simple, 2001"
	return []entry{
		{
			Description{
				"agreement",
				"At most one value a slot is ever accepted by a quorum in one ballot, over all ballots.",
				simple + ", section 2.1 (only a single value is chosen)",
			}, false, func() invariant { return &singleChoice{} },
		},
		{
			Description{
				"validity",
				"What is chosen in a slot was proposed there, and if it stands for a request a client has asked it.",
				simple + ", section 2.1 (only a value that has been proposed may be chosen)",
			}, false, func() invariant { return &validity{} },
		},
		{
			Description{
				"one-value-a-ballot",
				"In one slot and one ballot no two values are proposed or accepted.",
				partTime + ", section 2.2 (B1: each ballot has a unique number)",
			}, false, func() invariant { return &oneValue{} },
		},
		{
			Description{
				"p2c",
				"Of a value proposed in a ballot some quorum that promised the ballot accepted nothing below it, or the value is the highest that one of them did.",
				simple + ", section 2.2 (P2c)",
			}, false, func() invariant { return &p2c{} },
		},
		{
			Description{
				"promise",
				"The ballot that an acceptor has promised on its disk never falls, and it accepts in none below.",
				simple + ", sections 2.2 (P1a) and 2.5 (stable storage)",
			}, false, func() invariant { return &keptPromise{} },
		},
		{
			Description{
				"configuration",
				"What chooses in a slot is a quorum of the configuration that was decided at least alpha slots before.",
				"Lamport, Malkhi, Zhou: Reconfiguring a State Machine, SIGACT News 2010",
			}, false, func() invariant { return &slotConfiguration{} },
		},
		{
			Description{
				"lease",
				"The intervals of true time in which nodes may serve by a lease are disjoint.",
				"Gray, Cheriton: Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency, SOSP 1989",
			}, false, func() invariant { return newDisjointLeases() },
		},
	}
}
