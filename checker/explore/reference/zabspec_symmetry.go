package reference

import "slices"

// Canonical implements explore.Symmetric: the specification's servers can be
// interchanged, for nothing in it orders them. Of all permutations the one is
// taken whose words are the least.
func (x *zbExpander) Canonical(words []uint32) {
	var bestRoom, nowRoom [zbServersMax*zbServersMax + 1]uint32
	best, now := bestRoom[:len(words)], nowRoom[:len(words)]
	for k := range x.ZabSpec.permutations {
		x.permuted(k, words, now)
		if k == 0 || slices.Compare(now, best) < 0 {
			copy(best, now)
		}
	}
	copy(words, best)
}

// permuted writes the state in which server i is called order[i].
func (m *ZabSpec) permuted(k int, words, into []uint32) {
	order := m.permutations[k]
	for i := range m.n {
		for j := range m.n {
			word := words[m.channelAt(i, j)]
			if i == j {
				word = m.renamedServer(k, word)
			} else {
				word = m.renamedChannel(k, word)
			}
			into[m.channelAt(order[i], order[j])] = word
		}
	}
	into[m.n*m.n] = m.renamedGlobal(k, words[m.n*m.n])
}

func (m *ZabSpec) permuteMask(k int, mask uint8) uint8 {
	var into uint8
	for i, to := range m.permutations[k] {
		into |= mask >> i & 1 << to
	}
	return into
}

// permuteName renames 1 + a server; 0 is nobody.
func (m *ZabSpec) permuteName(k int, name uint8) uint8 {
	if name == 0 {
		return 0
	}
	return uint8(1 + m.permutations[k][name-1])
}

func (m *ZabSpec) renamedHistory(k int, id uint32) uint32 {
	if known, ok := m.renamedHistories.Get(id, uint32(k)); ok {
		return known
	}
	h := slices.Clone(m.histories.At(id))
	for i := range h {
		h[i].acks = m.permuteMask(k, h[i].acks)
	}
	after := m.history(h)
	m.renamedHistories.Put(id, uint32(k), after)
	return after
}

func (m *ZabSpec) renamedChannel(k int, id uint32) uint32 {
	if known, ok := m.renamedChannels.Get(id, uint32(k)); ok {
		return known
	}
	c := slices.Clone(m.channels.At(id))
	for i := range c {
		c[i].history = m.renamedHistory(k, c[i].history)
	}
	after := m.channel(c)
	m.renamedChannels.Put(id, uint32(k), after)
	return after
}

func (m *ZabSpec) renamedServer(k int, id uint32) uint32 {
	if known, ok := m.renamedServers.Get(id, uint32(k)); ok {
		return known
	}
	s := m.servers.At(id)
	s.history = m.renamedHistory(k, s.history)
	s.learners = m.permuteMask(k, s.learners)
	s.leader = m.permuteName(k, s.leader)
	for _, set := range []*[zbServersMax]zbReceived{&s.cepoch, &s.acke, &s.ackld} {
		before := *set
		for sid, to := range m.permutations[k] {
			r := before[sid]
			r.history = m.renamedHistory(k, r.history)
			set[to] = r
		}
	}
	after := m.server(&s)
	m.renamedServers.Put(id, uint32(k), after)
	return after
}

func (m *ZabSpec) renamedGlobal(k int, id uint32) uint32 {
	if known, ok := m.renamedGlobals.Get(id, uint32(k)); ok {
		return known
	}
	g := m.globals.At(id)
	g.oracle = m.permuteName(k, g.oracle)
	g.pc[1], g.pc[2] = m.permuteName(k, g.pc[1]), m.permuteName(k, g.pc[2])
	for epoch := range g.epochLeader {
		g.epochLeader[epoch] = m.permuteMask(k, g.epochLeader[epoch])
	}
	set := slices.Clone(m.proposals.At(g.proposals))
	for i := range set {
		set[i].source = uint8(m.permutations[k][set[i].source])
	}
	slices.SortFunc(set, compareProposals)
	g.proposals = m.proposalSet(set)
	after := m.global(&g)
	m.renamedGlobals.Put(id, uint32(k), after)
	return after
}
