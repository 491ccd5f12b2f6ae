package mutants

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/paxos"
)

// PaxosSlip is a Paxos node that errs in the way that its Name says. It errs by
// forging what the node hears, what it says, or the state in between.
type PaxosSlip struct {
	Inner protocols.Node
	Name  string
	// Own is the last ballot of its own that the node has on its disk, Before
	// what it had promised before this step. Forces counts its writes.
	Own, Before paxos.Ballot
	Forces      uint64
}

// slip is what a PaxosSlip does wrong; what is nil is done right.
type slip struct {
	// boots changes a node that is about to recover.
	boots func(n *paxos.Node)
	// hears returns what the node is told instead of an event.
	hears func(n *paxos.Node, event protocols.Event) protocols.Event
	// says changes the effects of a step, in place, or the state after it.
	says func(m *PaxosSlip, n *paxos.Node, event protocols.Event, effects protocols.Effects)
}

// Step implements protocols.Node.
func (m *PaxosSlip) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	n, ok := m.Inner.(*paxos.Node)
	if !ok {
		m.Inner.Step(now, event, out)
		return
	}
	s := slips(m.Name)
	if _, boots := event.(protocols.Recovered); boots && s.boots != nil {
		s.boots(n)
	}
	m.Before = n.Promised
	if s.hears != nil {
		event = s.hears(n, event)
	}
	first := len(*out)
	m.Inner.Step(now, event, out)
	if s.says != nil {
		s.says(m, n, event, (*out)[first:])
	}
}

// Replicated implements protocols.Replica.
func (m *PaxosSlip) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// Errs tells whether there is an error of the slip's name.
func (m *PaxosSlip) Errs() bool {
	s := slips(m.Name)
	return s.boots != nil || s.hears != nil || s.says != nil
}

func slips(name string) slip {
	switch name {
	case "paxos-promise-not-persisted":
		return slip{says: forgetPromises}
	case "paxos-own-value-proposed":
		return slip{hears: hearPromise(func(p *paxos.Promise) { p.Accepted = nil })}
	case "paxos-any-accepted-value":
		return slip{hears: hearPromise(preferTheLowest)}
	case "paxos-failed-fsync-believed":
		return slip{says: believeFailedForces}
	case "paxos-quorum-too-small":
		return slip{boots: countBadly}
	case "paxos-ballots-not-unique":
		return slip{hears: hearOwnBallot, says: nameNobody}
	case "paxos-accept-keeps-promise":
		return slip{says: keepPromise}
	case "paxos-executes-past-hole":
		return slip{hears: fillHoles}
	case "paxos-promise-omits-executed":
		return slip{says: sayPromise(func(p *paxos.Promise) { p.Chosen = 0 })}
	case "paxos-reconfigure-unprepared":
		return slip{says: assumePromises}
	case "paxos-lease-without-drift":
		return slip{boots: func(n *paxos.Node) { n.Options.LeaseHeld = n.Options.Lease }}
	case "paxos-read-index-reused":
		return slip{hears: reuseIndex}
	case "paxos-leader-ends-sessions":
		return slip{says: endSession}
	}
	return slip{}
}

// hearPromise forges the promises that a candidate gets.
func hearPromise(forge func(*paxos.Promise)) func(*paxos.Node, protocols.Event) protocols.Event {
	return func(_ *paxos.Node, event protocols.Event) protocols.Event {
		e, ok := event.(protocols.Received)
		if p, is := e.Message.(paxos.Promise); ok && is {
			forge(&p)
			e.Message = p
			return e
		}
		return event
	}
}

// preferTheLowest turns the order of the votes' ballots round.
func preferTheLowest(p *paxos.Promise) {
	p.Accepted = slices.Clone(p.Accepted)
	for i := range p.Accepted {
		p.Accepted[i].Ballot = ^p.Accepted[i].Ballot
	}
}

// sayPromise forges the promises that an acceptor gives.
func sayPromise(forge func(*paxos.Promise)) func(*PaxosSlip, *paxos.Node, protocols.Event, protocols.Effects) {
	return func(_ *PaxosSlip, _ *paxos.Node, _ protocols.Event, effects protocols.Effects) {
		for i := range effects {
			if e, ok := effects[i].(protocols.Send); ok {
				if p, is := e.Message.(paxos.Promise); is {
					forge(&p)
					e.Message = p
					effects[i] = e
				}
			}
		}
	}
}

// rewrite changes the writes of the Persists among effects.
func rewrite(effects protocols.Effects, change func(protocols.Write) protocols.Write) {
	for i := range effects {
		if e, ok := effects[i].(protocols.Persist); ok {
			e.Writes = slices.Clone(e.Writes)
			for k := range e.Writes {
				e.Writes[k] = change(e.Writes[k])
			}
			effects[i] = e
		}
	}
}

// rewriteMeta changes the metadata that is written.
func rewriteMeta(effects protocols.Effects, change func(*paxos.Meta)) {
	rewrite(effects, func(w protocols.Write) protocols.Write {
		set, _ := w.(protocols.SetMeta)
		meta, ok := set.Meta.(paxos.Meta)
		if !ok {
			return w
		}
		change(&meta)
		return protocols.SetMeta{Meta: meta}
	})
}

// forgetPromises keeps off the disk what others were promised.
func forgetPromises(m *PaxosSlip, n *paxos.Node, event protocols.Event, effects protocols.Effects) {
	if e, boots := event.(protocols.Recovered); boots {
		meta, _ := e.Disk.Meta.(paxos.Meta)
		m.Own = meta.Promised
	}
	rewriteMeta(effects, func(meta *paxos.Meta) {
		if meta.Promised.Node() == n.Self {
			m.Own = meta.Promised
		}
		meta.Promised = m.Own
	})
}

// keepPromise undoes what an Accept does to the promise.
func keepPromise(m *PaxosSlip, n *paxos.Node, event protocols.Event, effects protocols.Effects) {
	if e, ok := event.(protocols.Received); ok {
		if _, is := e.Message.(paxos.Accept); is {
			n.Promised = min(n.Promised, m.Before)
		}
	}
	rewriteMeta(effects, func(meta *paxos.Meta) { meta.Promised = min(meta.Promised, n.Promised) })
}

// believeFailedForces loses one write of votes in seven, and takes it for done.
func believeFailedForces(m *PaxosSlip, _ *paxos.Node, _ protocols.Event, effects protocols.Effects) {
	const every = 7
	for i := range effects {
		if _, ok := effects[i].(protocols.Persist); !ok {
			continue
		}
		if m.Forces++; m.Forces%every != 0 {
			continue
		}
		rewrite(effects[i:i+1], func(w protocols.Write) protocols.Write {
			if _, ok := w.(protocols.Append); ok {
				return protocols.Append{Record: paxos.Vote{}} // a page of zeros
			}
			return w
		})
	}
}

// countBadly takes for a quorum what twice is no less than n-1.
func countBadly(n *paxos.Node) {
	n.Options.Q1 = max(1, len(n.Nodes)/2)
	n.Options.Q2 = n.Options.Q1
}

// nameless is a ballot without the node that made it.
func nameless(b paxos.Ballot) paxos.Ballot { return b &^ 0xffff }

// nameNobody leaves the node out of the ballots that are sent, and told of.
func nameNobody(_ *PaxosSlip, _ *paxos.Node, _ protocols.Event, effects protocols.Effects) {
	for i := range effects {
		switch e := effects[i].(type) {
		case protocols.Note:
			if e.Kind != protocols.Configured {
				e.Term = uint64(nameless(paxos.Ballot(e.Term)))
				effects[i] = e
			}
		case protocols.Send:
			switch x := e.Message.(type) {
			case paxos.Prepare:
				x.Ballot = nameless(x.Ballot)
				e.Message = x
			case paxos.Accept:
				x.Ballot = nameless(x.Ballot)
				e.Message = x
			case paxos.Commit:
				x.Ballot = nameless(x.Ballot)
				e.Message = x
			case paxos.Heartbeat:
				x.Ballot = nameless(x.Ballot)
				e.Message = x
			}
			effects[i] = e
		}
	}
}

// hearOwnBallot takes an answer to a ballot of the same number for one to the
// node's own.
func hearOwnBallot(n *paxos.Node, event protocols.Event) protocols.Event {
	e, ok := event.(protocols.Received)
	if !ok {
		return event
	}
	own := func(b *paxos.Ballot) {
		if *b == nameless(n.Leading.Ballot) {
			*b = n.Leading.Ballot
		}
	}
	switch x := e.Message.(type) {
	case paxos.Promise:
		own(&x.Ballot)
		e.Message = x
	case paxos.Accepted:
		own(&x.Ballot)
		e.Message = x
	case paxos.HeartbeatReply:
		own(&x.Ballot)
		e.Message = x
	case paxos.Reject:
		own(&x.Ballot)
		e.Message = x
	}
	return e
}

// fillHoles takes what a node lacks of the chosen slots for no-ops.
func fillHoles(n *paxos.Node, event protocols.Event) protocols.Event {
	e, _ := event.(protocols.Received)
	var ballot paxos.Ballot
	var chosen uint64
	switch x := e.Message.(type) {
	case paxos.Commit:
		ballot, chosen = x.Ballot, x.Chosen
	case paxos.Heartbeat:
		ballot, chosen = x.Ballot, x.Chosen
	}
	l := &n.Log
	for slot := max(n.Chosen+1, l.First); slot <= chosen && slot < l.First+uint64(len(l.Entries)); slot++ {
		if entry := &l.Entries[slot-l.First]; entry.Ballot != ballot {
			*entry = paxos.Entry{Ballot: ballot, Value: paxos.Noop{}, Index: n.Stable.Next}
		}
	}
	return event
}

// assumePromises takes the members of a configuration to come for promised, and
// does not ask them.
func assumePromises(_ *PaxosSlip, n *paxos.Node, _ protocols.Event, effects protocols.Effects) {
	g := &n.Leading
	if g.Stage < paxos.Recovering || len(n.Configurations) < 2 {
		return
	}
	for i := range effects {
		if send, ok := effects[i].(protocols.Send); ok {
			if _, is := send.Message.(paxos.Prepare); is {
				effects[i] = protocols.CancelTimer{} // of no timer
			}
		}
	}
	latest := n.Configurations[len(n.Configurations)-1]
	g.Answered |= latest.Voters
	for _, member := range latest.Members {
		g.Incarnations[slices.Index(n.Nodes, member.Node)] = member.Incarnation
	}
}

// reuseIndex gives an index to reads, too, that came after it was asked for.
func reuseIndex(n *paxos.Node, event protocols.Event) protocols.Event {
	e, ok := event.(protocols.Received)
	if reply, is := e.Message.(paxos.ReadIndexReply); ok && is {
		reply.Number = n.ReadsAsked
		e.Message = reply
		return e
	}
	return event
}

// endSession has a leader end the oldest session on every tick, by itself.
func endSession(_ *PaxosSlip, n *paxos.Node, event protocols.Event, _ protocols.Effects) {
	s := &n.Sessions
	if e, ok := event.(protocols.TimerFired); !ok || e.Timer.Name != "tick" || n.Leading.Stage != paxos.Established || s.Oldest == 0 {
		return
	}
	oldest := s.Open[s.Oldest]
	delete(s.Open, s.Oldest)
	s.Oldest = oldest.Newer
	if s.Oldest == 0 {
		s.Newest = 0
		return
	}
	next := s.Open[s.Oldest]
	next.Older = 0
	s.Open[s.Oldest] = next
}

// paxosMutants are errors of Paxos, its leases and its reads.
func paxosMutants() []Mutant {
	all := slices.Concat(acceptorMutants(), proposerMutants(), leaderMutants())
	for i := range all {
		name := all[i].Name
		all[i].Protocol = "paxos"
		all[i].Wrap = func(inner protocols.Node) protocols.Node { return &PaxosSlip{Inner: inner, Name: name} }
	}
	return all
}

// roughLinks is the scenario that shows most of them.
const roughLinks, paxosSeeds = "paxos-rough-links", 1000

// acceptorMutants err in what was promised, accepted and learned.
func acceptorMutants() []Mutant {
	return []Mutant{
		{
			Name:     "paxos-promise-not-persisted",
			Error:    "an acceptor promises a ballot without having it on its disk, and has forgotten it after a crash",
			Source:   "Chandra, Griesemer, Redstone: Paxos Made Live (PODC 2007), section 5.1 (disks that forget)",
			Property: "promise", Scenario: roughLinks, Seeds: paxosSeeds, Seed: 2,
		},
		{
			Name:     "paxos-accept-keeps-promise",
			Error:    "an acceptor that accepts in a ballot it did not promise may go behind it later",
			Source:   "Lamport: Paxos Made Simple (2001), section 2.2; missing in many descriptions of the accept step",
			Property: "promise", Scenario: "paxos-late-ballots", Seeds: paxosSeeds, Seed: 2,
		},
		{
			Name:     "paxos-failed-fsync-believed",
			Error:    "a force that failed is asked for again, succeeds, and is believed, though the pages are lost",
			Source:   "PostgreSQL before 11.2 (fsyncgate, 2018); Rebello et al.: Can Applications Recover from fsync Failures? (USENIX ATC 2020)",
			Property: "force-order", Scenario: roughLinks, Seeds: paxosSeeds, Seed: 1,
		},
		{
			Name:     "paxos-promise-omits-executed",
			Error:    "a promise says nothing of slots that the acceptor has executed",
			Source:   "ailidani/paxi: HandleP1a answers with the slots that are not executed",
			Property: "agreement", Scenario: "isolated-voter", Seeds: paxosSeeds, Seed: 5,
		},
		{
			Name:     "paxos-executes-past-hole",
			Error:    "a learner that lacks a slot goes on with the next",
			Source:   "van Renesse, Altinbuken: Paxos Made Moderately Complex (2015), section 2.1: what slot_out is there to forbid",
			Property: "prefix", Scenario: roughLinks, Seeds: paxosSeeds, Seed: 1,
		},
	}
}

// proposerMutants err in what is proposed.
func proposerMutants() []Mutant {
	return []Mutant{
		{
			Name:     "paxos-own-value-proposed",
			Error:    "a candidate proposes what it likes, whatever the promises tell of",
			Source:   "Lamport: Paxos Made Simple (2001), section 2.2: what P2c is there to forbid",
			Property: "agreement", Scenario: roughLinks, Seeds: paxosSeeds, Seed: 2,
		},
		{
			Name:     "paxos-any-accepted-value",
			Error:    "a candidate proposes some accepted value, not that of the highest ballot",
			Source:   "Lamport: Paxos Made Simple (2001), section 2.2; a classic of student solutions",
			Property: "p2c", Scenario: "paxos-duelling-proposers", Seeds: paxosSeeds, Seed: 47,
		},
		{
			Name:     "paxos-quorum-too-small",
			Error:    "a quorum is whatever twice is no less than n-1",
			Source:   "a classic of student solutions: 2*acks >= n-1",
			Property: "agreement", Scenario: "paxos-duelling-proposers", Seeds: paxosSeeds, Seed: 1,
		},
		{
			Name:     "paxos-ballots-not-unique",
			Error:    "a ballot is a number without the node that made it",
			Source:   "Lamport: The Part-Time Parliament (TOCS 1998), condition B1",
			Property: "one-value-a-ballot", Scenario: "paxos-duelling-proposers", Seeds: paxosSeeds, Seed: 6,
		},
		{
			Name:     "paxos-reconfigure-unprepared",
			Error:    "a leader proposes to new members that have not promised its ballot",
			Source:   "Ongaro: bug in single-server membership changes (raft-dev, 2015): a change before an entry of the leader's own term is committed",
			Property: "p2c", Scenario: "paxos-reconfigure", Seeds: paxosSeeds, Seed: 1,
		},
	}
}

// leaderMutants err in what a leader may do by itself.
func leaderMutants() []Mutant {
	return []Mutant{
		{
			Name:     "paxos-lease-without-drift",
			Error:    "a leader relies on its lease for as long as it was granted, whatever the clocks",
			Source:   "Gray, Cheriton: Leases (SOSP 1989), section 5: clock drift",
			Property: "lease", Scenario: "paxos-leader-lease-skew", Seeds: paxosSeeds, Seed: 2,
		},
		{
			Name:     "paxos-read-index-reused",
			Error:    "an index that was asked for is given to reads, too, that came afterwards",
			Source:   "etcd #20418: a read index reused across retries",
			Property: "linearizable", Scenario: "paxos-reads", Seeds: paxosSeeds, Seed: 1,
		},
		{
			Name:     "paxos-leader-ends-sessions",
			Error:    "a leader, deposed or not, ends sessions by itself and not through the log",
			Source:   "etcd #12528, #15247: a deposed leader still revokes leases",
			Property: "linearizable", Scenario: "paxos-reads", Seeds: paxosSeeds, Seed: 1,
		},
	}
}

func paxosTypes() []any { return []any{(*PaxosSlip)(nil)} }
