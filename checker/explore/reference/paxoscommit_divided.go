package reference

import (
	"math/bits"

	"quorumlab/checker/explore"
)

// What each acceptor does for each instance is an actor's (explore.Divided); then
// come the resource managers, those who lead a ballot of an instance, and whoever
// decides. What one does matters to others only by what it sends: 1a and 2a let
// acceptors answer that have promised no later ballot, 1b lets a leader propose that
// has not yet, 2b lets the decision be announced, and that is for the resource
// managers.

// Actors implements explore.Divided.
func (m *PaxosCommit) Actors() int { return m.decider() + 1 }

func (m *PaxosCommit) leader(i, ballot int) int {
	return m.manager(m.managers) + i*(m.ballots-1) + ballot - 1
}

func (m *PaxosCommit) decider() int { return m.managers * (m.acceptors + m.ballots) }

// Attributes implements explore.Attributed.
func (m *PaxosCommit) Attributes() bool { return true }

// owned says whose a step is.
func (m *PaxosCommit) owned(b *explore.Batch, before, after []uint32, label explore.Label) {
	first, second, third := int(label>>8&0xff), int(label>>16&0xff), int(label>>24)
	switch kind := label.Kind(); kind {
	case pcRMPrepare, pcRMChooseToAbort:
		b.By(m.manager(first), m.below(before, first, 1))
	case pcRMRcvCommit, pcRMRcvAbort:
		b.By(m.manager(first), 0)
	case pcPhase1a:
		var touched uint32
		if before[m.manager(first)] != after[m.manager(first)] {
			touched = m.below(before, first, second)
		}
		b.By(m.leader(first, second), touched)
	case pcPhase2a:
		b.By(m.leader(first, second), m.below(before, first, second+1))
	case pcDecideCommit, pcDecideAbort:
		var touched uint32
		if before[m.decision()] != after[m.decision()] {
			touched = (1<<m.managers - 1) << m.manager(0)
		}
		b.By(m.decider(), touched)
	case pcPhase1b:
		var touched uint32
		if m.proposed(before, first, third) == 0 {
			touched = 1 << m.leader(first, third)
		}
		b.By(m.cell(first, second), touched)
	case pcPhase2b:
		var touched uint32
		if now := m.voted(after, first, third); now != m.voted(before, first, third) && bits.OnesCount32(now) > m.acceptors/2 {
			touched = 1 << m.decider()
		}
		b.By(m.cell(first, second), touched)
	}
}

// proposed returns 1 + the value proposed in a ballot of an instance, 0 if there is
// none.
func (m *PaxosCommit) proposed(state []uint32, i, ballot int) uint32 {
	return state[m.manager(i)] >> (pc2a + 2*ballot) & 3
}

// asked reports whether 1a is sent. That of ballot 0 needs not be.
func (m *PaxosCommit) asked(state []uint32, i, ballot int) bool {
	return ballot == 0 || state[m.manager(i)]>>(pc1a+ballot)&1 != 0
}

// below returns the acceptors, as actors of an instance, that have promised nothing
// but ballots below one.
func (m *PaxosCommit) below(state []uint32, i, ballot int) uint32 {
	var mask uint32
	for acceptor := range m.acceptors {
		if m.promised(state, i, acceptor) < ballot {
			mask |= 1 << m.cell(i, acceptor)
		}
	}
	return mask
}

func (m *PaxosCommit) promised(state []uint32, i, acceptor int) int {
	return int(state[m.cell(i, acceptor)] >> pcPromised & 7)
}

// Pending implements explore.Divided. Who can only say again what is said already
// is not to be followed by itself.
func (m *PaxosCommit) Pending(state []uint32, actor int, b *explore.Batch) bool {
	before := b.Len()
	switch manager := actor - m.manager(0); {
	case manager < 0:
		m.accept(state, b, actor%m.managers, actor/m.managers)
	case manager < m.managers:
		m.expandManager(state, b, manager)
	case actor == m.decider():
		m.decide(state, b)
	default:
		number := manager - m.managers
		m.expandLeader(state, b, number/(m.ballots-1), 1+number%(m.ballots-1))
	}
	return b.Changes(before, state)
}

// Aside implements explore.Divided: what can touch an actor can be told from the
// whole state.
func (m *PaxosCommit) Aside([]uint32, int) {}

// Meanwhile implements explore.Divided. Nothing needs to be followed.
func (m *PaxosCommit) Meanwhile(state []uint32, actor int, _ *explore.Batch) (touched bool) {
	switch manager := actor - m.manager(0); {
	case manager < 0:
		return m.cellTouched(state, actor%m.managers, actor/m.managers)
	case manager < m.managers:
		return m.decisionComes(state, manager)
	case actor == m.decider():
		return m.votesCome(state)
	default:
		number := manager - m.managers
		i, ballot := number/(m.ballots-1), 1+number%(m.ballots-1)
		return m.proposed(state, i, ballot) == 0 && m.asked(state, i, ballot) && m.below(state, i, ballot) != 0
	}
}

// cellTouched reports whether an acceptor may still get a message of an instance that
// lets it make a step, while it does nothing.
func (m *PaxosCommit) cellTouched(state []uint32, i, acceptor int) bool {
	promised := m.promised(state, i, acceptor)
	if promised == 0 && m.proposed(state, i, 0) == 0 && state[m.manager(i)]>>pcState&3 == working {
		return true
	}
	for ballot := 1; ballot < m.ballots; ballot++ {
		if ballot > promised && !m.asked(state, i, ballot) {
			return true
		}
		if ballot >= promised && m.proposed(state, i, ballot) == 0 && m.electable(state, i, ballot, acceptor) {
			return true
		}
	}
	return false
}

// electable reports whether a leader may still get a 1b of a whole quorum, while one
// acceptor does nothing.
func (m *PaxosCommit) electable(state []uint32, i, ballot, idle int) bool {
	var able uint32
	for acceptor := range m.acceptors {
		told := state[m.cell(i, acceptor)] >> (pc1b + 4*ballot) & 15
		if told != 0 || acceptor != idle && m.promised(state, i, acceptor) < ballot {
			able |= 1 << acceptor
		}
	}
	return m.holds(able)
}

// holds reports whether a set of acceptors has a quorum in it.
func (m *PaxosCommit) holds(set uint32) bool {
	for _, quorum := range m.quorums {
		if quorum&^set == 0 {
			return true
		}
	}
	return false
}

// votesCome reports whether a vote may still be cast that lets something be decided,
// beyond what can be decided already.
func (m *PaxosCommit) votesCome(state []uint32) bool {
	for i := range m.managers {
		for ballot := range m.ballots {
			voted := m.voted(state, i, ballot)
			able := voted
			for acceptor := range m.acceptors {
				if m.promised(state, i, acceptor) <= ballot {
					able |= 1 << acceptor
				}
			}
			if able != voted && m.holds(able) && m.mayPropose(state, i, ballot) {
				return true
			}
		}
	}
	return false
}

// mayPropose reports whether a ballot of an instance has a value, or may get one.
func (m *PaxosCommit) mayPropose(state []uint32, i, ballot int) bool {
	return m.proposed(state, i, ballot) != 0 || ballot > 0 || state[m.manager(i)]>>pcState&3 == working
}

// decisionComes reports whether a decision may still be announced, while one resource
// manager does nothing.
func (m *PaxosCommit) decisionComes(state []uint32, idle int) bool {
	commits, aborts := true, false
	for i := range m.managers {
		commit, abort := m.mayChoose(state, i, idle)
		commits, aborts = commits && commit, aborts || abort
	}
	decision := state[m.decision()]
	return commits && decision&pcCommit == 0 || aborts && decision&pcAbort == 0
}

// mayChoose reports whether an instance may choose, or has chosen, that its resource
// manager has prepared, and that it has aborted, while one does nothing.
func (m *PaxosCommit) mayChoose(state []uint32, i, idle int) (commit, abort bool) {
	// Ballot 0 is the resource manager's own; the leaders of later ones may propose
	// to abort, and what somebody has voted for.
	at0 := m.proposed(state, i, 0)
	undecided := at0 == 0 && i != idle && state[m.manager(i)]>>pcState&3 == working
	return at0 == 1+pcPrepared || undecided, at0 == 1+pcAborted || undecided || m.ballots > 1
}
