package reference

import (
	"cmp"
	"slices"
)

// onCEPOCH has a leader choose a new epoch when a quorum has told its own.
func (x *zbExpander) onCEPOCH(i, j int, m zbMessage) {
	if x.epochMax > 0 && x.now.epoch >= x.epochMax {
		return
	}
	s := x.begin()
	leader := &s.servers[i]
	formed := x.quorum(sids(&leader.cepoch))
	leader.cepoch[j] = zbReceived{in: true, connected: true, epoch: m.epoch}
	switch {
	case formed:
		x.reply(i, j, zbMessage{kind: zbNEWEPOCH, epoch: leader.accepted})
	case x.quorum(sids(&leader.cepoch)):
		x.expectPhase(i, zbDiscovery)
		var highest uint8
		for _, r := range leader.cepoch {
			if r.in {
				highest = max(highest, r.epoch)
			}
		}
		leader.accepted = highest + 1
		x.discard(i, j)
		x.sendAll(i, linked(&leader.cepoch), zbMessage{kind: zbNEWEPOCH, epoch: leader.accepted})
	default:
		x.expectPhase(i, zbDiscovery)
		x.discard(i, j)
	}
	x.step(zbLeaderCEPOCH, i, j)
}

// expectPhase takes down that a server is not in the phase it should be in.
func (x *zbExpander) expectPhase(i int, phase uint8) {
	if x.now.servers[i].phase != phase {
		x.next.violated |= zbStateInconsistent
	}
}

// onACKEPOCH has a leader choose the history of its epoch when a quorum has
// told its own, and send it.
func (x *zbExpander) onACKEPOCH(i, j int, m zbMessage) {
	s := x.begin()
	leader := &s.servers[i]
	formed := x.quorum(sids(&leader.acke))
	leader.acke[j] = zbReceived{in: true, connected: true, epoch: m.epoch, history: m.history}
	if formed {
		x.recordProposals(i, leader.history)
		x.reply(i, j, zbMessage{kind: zbNEWLEADER, epoch: leader.accepted, history: leader.history})
		x.step(zbLeaderACKEPOCH, i, j)
		return
	}
	x.expectPhase(i, zbDiscovery)
	x.discard(i, j)
	if x.quorum(sids(&leader.acke)) {
		leader.current = leader.accepted
		s.epochLeader[leader.accepted] |= 1 << i
		initial := slices.Clone(x.histories.At(x.mostRecent(i)))
		for k := range initial {
			initial[k].acks = 1 << i
		}
		leader.history = x.history(initial)
		leader.phase = zbSynchronization
		x.recordProposals(i, leader.history)
		x.sendAll(i, linked(&leader.acke), zbMessage{kind: zbNEWLEADER, epoch: leader.accepted, history: leader.history})
	}
	x.step(zbLeaderACKEPOCH, i, j)
}

// mostRecent returns the history of those told that is the most recent one.
func (x *zbExpander) mostRecent(i int) uint32 {
	best := -1
	acke := &x.next.servers[i].acke
	for sid, r := range acke {
		if !r.in {
			continue
		}
		if best < 0 || r.epoch > acke[best].epoch ||
			r.epoch == acke[best].epoch && x.lastZxid(r.history).after(x.lastZxid(acke[best].history)) {
			best = sid
		}
	}
	return acke[best].history
}

func (m *ZabSpec) lastZxid(history uint32) zxid {
	h := m.histories.At(history)
	if len(h) == 0 {
		return zxid{}
	}
	return h[len(h)-1].zxid
}

// recordProposals adds a history that leader i sends to proposalMsgsLog.
func (x *zbExpander) recordProposals(i int, history uint32) {
	for _, t := range x.histories.At(history) {
		x.recordProposal(zbProposal{uint8(i), x.next.servers[i].accepted, t.zxid, t.value})
	}
}

func (x *zbExpander) recordProposal(p zbProposal) {
	known := x.proposals.At(x.next.zbGlobal.proposals)
	if slices.Contains(known, p) {
		return
	}
	set := append(slices.Clone(known), p)
	slices.SortFunc(set, compareProposals)
	x.next.zbGlobal.proposals = x.proposalSet(set)
}

func compareProposals(a, b zbProposal) int {
	key := func(p zbProposal) uint64 {
		return uint64(p.source)<<32 | uint64(p.epoch)<<24 | uint64(p.zxid.epoch)<<16 | uint64(p.zxid.counter)<<8 | uint64(p.data)
	}
	return cmp.Compare(key(a), key(b))
}

// onACKLD has a leader begin to broadcast when a quorum has its history.
func (x *zbExpander) onACKLD(i, j int, m zbMessage) {
	s := x.begin()
	leader := &s.servers[i]
	formed := x.quorum(sids(&leader.ackld))
	leader.ackld[j] = zbReceived{in: true, connected: true}
	history := slices.Clone(x.histories.At(leader.history))
	for k := range history {
		if history[k].zxid.after(m.zxid) {
			break
		}
		history[k].acks |= 1 << j
	}
	leader.history = x.history(history)
	last := x.lastZxid(leader.history)
	switch {
	case formed:
		x.expectPhase(i, zbBroadcast)
		x.reply(i, j, zbMessage{kind: zbCOMMITLD, zxid: leader.committed})
	case x.quorum(sids(&leader.ackld)):
		x.expectPhase(i, zbSynchronization)
		leader.committedIndex, leader.committed, leader.phase = uint8(len(history)), last, zbBroadcast
		x.discard(i, j)
		x.sendAll(i, linked(&leader.ackld), zbMessage{kind: zbCOMMITLD, zxid: last})
	default:
		x.expectPhase(i, zbSynchronization)
		x.discard(i, j)
	}
	x.step(zbLeaderACKLD, i, j)
}

// request has a leader take on a transaction.
func (x *zbExpander) request(i int) {
	now := &x.now.servers[i]
	if x.now.txns >= x.txnsMax || now.state != zbLeading || now.phase != zbBroadcast {
		return
	}
	s := x.begin()
	next := zxid{now.current, 1}
	if last := x.lastZxid(now.history); last.epoch == now.current {
		next.counter = last.counter + 1
	}
	history := slices.Clone(x.histories.At(now.history))
	s.servers[i].history = x.history(append(history, txn{next, x.now.requests, 1 << i, now.current}))
	x.step(zbLeaderRequest, i, -1)
}

// broadcast has a leader send the next transaction of its epoch.
func (x *zbExpander) broadcast(i int) {
	now := &x.now.servers[i]
	if now.state != zbLeading || now.phase != zbBroadcast {
		return
	}
	last := x.lastZxid(now.history)
	if last.epoch != now.current || now.sent >= last.counter {
		return
	}
	s := x.begin()
	history := x.histories.At(now.history)
	t := history[x.indexOf(now.history, zxid{now.current, now.sent + 1})-1]
	s.servers[i].sent++
	x.recordProposal(zbProposal{uint8(i), now.current, t.zxid, t.value})
	x.sendAll(i, linked(&now.acke), zbMessage{kind: zbPROPOSE, zxid: t.zxid, value: t.value})
	x.step(zbLeaderPROPOSE, i, -1)
}

// indexOf returns where a zxid stands in a history, from 1: 0 for that of
// nothing, the length plus 1 if it is not there, -1 if it is there twice.
func (m *ZabSpec) indexOf(history uint32, z zxid) int {
	if z == (zxid{}) {
		return 0
	}
	h := m.histories.At(history)
	found := len(h) + 1
	for k := len(h) - 1; k >= 0; k-- {
		if h[k].zxid == z {
			if found <= len(h) {
				return -1
			}
			found = k + 1
		}
	}
	return found
}

// onACK has a leader count an acknowledgement, and commit with a quorum. It is
// generated once for each reason not to commit.
func (x *zbExpander) onACK(i, j int, m zbMessage) {
	now := &x.now.servers[i]
	history := x.histories.At(now.history)
	index := x.indexOf(now.history, m.zxid)
	exists := index >= 1 && index <= len(history)
	acked := -1
	for k, t := range history {
		if t.acks>>j&1 != 0 {
			acked = k + 1
		}
	}
	monotonic := acked == -1 || acked+1 == index
	if !exists || !monotonic {
		for range truths(!exists, !monotonic) {
			x.begin().violated |= zbAckInconsistent
			x.discard(i, j)
			x.step(zbLeaderACK, i, j)
		}
		return
	}
	changed := slices.Clone(history)
	changed[index-1].acks |= 1 << j
	added := x.history(changed)
	outstanding := int(now.committedIndex) < len(history)
	committed := !m.zxid.after(now.committed)
	before := int(now.committedIndex) >= index-1
	agreed := x.quorum(changed[index-1].acks)
	ways := truths(!outstanding, committed)
	if ways == 0 {
		ways = truths(!before, !agreed)
	}
	for range ways {
		x.begin().servers[i].history = added
		x.discard(i, j)
		x.step(zbLeaderACK, i, j)
	}
	if ways > 0 {
		return
	}
	s := x.begin()
	leader := &s.servers[i]
	leader.history = added
	if int(now.committedIndex)+1 != index {
		s.violated |= zbCommitInconsistent
	}
	leader.committedIndex, leader.committed = uint8(index), m.zxid
	x.discard(i, j)
	x.sendAll(i, linked(&now.ackld), zbMessage{kind: zbCOMMIT, zxid: m.zxid})
	x.step(zbLeaderACK, i, j)
}

// truths counts what is true: TLC generates a successor for each disjunct.
func truths(facts ...bool) int {
	n := 0
	for _, fact := range facts {
		if fact {
			n++
		}
	}
	return n
}
