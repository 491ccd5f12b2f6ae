package reference

import (
	"math/bits"

	"quorumlab/checker/explore"
)

// ZabSpec is the TLA+ specification of Zab in the ZooKeeper repository
// (zookeeper-specifications/protocol-spec/Zab.tla), the protocol as the paper of
// 2011 has it, with an oracle in place of the election. All its variables are
// part of the state, the recorder with the last action too.
//
// A state has a word a server, one an ordered pair of servers for what is under
// way, and one for the rest; each names an interned content.
type ZabSpec struct {
	zbTables
	n                                           int
	txnsMax, timeoutsMax, restartsMax, epochMax uint8 // epochMax 0: no bound

	permutations [][]int // of the servers
	// renamed remembers, for each kind of word, what it becomes under a
	// permutation.
	renamedServers, renamedChannels, renamedGlobals, renamedHistories explore.Memo
}

// The actions, in the order of the specification's Next.
const (
	zbUpdateLeader = iota
	zbFollowLeader
	zbTimeout
	zbRestart
	zbConnect
	zbLeaderCEPOCH
	zbFollowerNEWEPOCH
	zbLeaderACKEPOCH
	zbFollowerNEWLEADER
	zbLeaderACKLD
	zbFollowerCOMMITLD
	zbLeaderRequest
	zbLeaderPROPOSE
	zbFollowerPROPOSE
	zbLeaderACK
	zbFollowerCOMMIT
	zbFilter
)

var zbActions = []string{
	zbUpdateLeader: "UpdateLeader", zbFollowLeader: "FollowLeader", zbTimeout: "Timeout", zbRestart: "Restart",
	zbConnect: "ConnectAndFollowerSendCEPOCH", zbLeaderCEPOCH: "LeaderProcessCEPOCH",
	zbFollowerNEWEPOCH: "FollowerProcessNEWEPOCH", zbLeaderACKEPOCH: "LeaderProcessACKEPOCH",
	zbFollowerNEWLEADER: "FollowerProcessNEWLEADER", zbLeaderACKLD: "LeaderProcessACKLD",
	zbFollowerCOMMITLD: "FollowerProcessCOMMITLD", zbLeaderRequest: "LeaderProcessRequest",
	zbLeaderPROPOSE: "LeaderBroadcastPROPOSE", zbFollowerPROPOSE: "FollowerProcessPROPOSE",
	zbLeaderACK: "LeaderProcessACK", zbFollowerCOMMIT: "FollowerProcessCOMMIT", zbFilter: "FilterNonexistentMessage",
}

func newZabSpec(p explore.Values) (explore.Model, error) {
	m := &ZabSpec{
		n: p.Number("servers"), txnsMax: uint8(p.Number("txns")), timeoutsMax: uint8(p.Number("timeouts")),
		restartsMax: uint8(p.Number("restarts")), epochMax: uint8(p.Number("epochs")),
	}
	m.permutations = permutations(m.n)
	m.zbTables.history(nil) // number 0 of each is the empty one
	m.zbTables.channel(nil)
	m.zbTables.proposalSet(nil)
	return m, nil
}

// Width implements explore.Model.
func (m *ZabSpec) Width() int { return m.n*m.n + 1 }

// Bytes implements explore.Model.
func (m *ZabSpec) Bytes() uint64 {
	return m.bytes() + m.renamedServers.Bytes() + m.renamedChannels.Bytes() +
		m.renamedGlobals.Bytes() + m.renamedHistories.Bytes()
}

// Kinds implements explore.Model.
func (m *ZabSpec) Kinds() []string { return append([]string{"Init"}, zbActions...) }

// Expander implements explore.Model.
func (m *ZabSpec) Expander() explore.Expander { return &zbExpander{ZabSpec: m} }

// zbExpander has room for a state and a successor of it.
type zbExpander struct {
	*ZabSpec
	words     []uint32 // of the state that is expanded
	now, next zbState
	batch     *explore.Batch
}

// channelAt returns the word of the channel from one server to another: the
// diagonal has the servers.
func (m *ZabSpec) channelAt(from, to int) int { return from*m.n + to }

// decode reads a state.
func (m *ZabSpec) decode(words []uint32, s *zbState) {
	for i := range m.n {
		for j := range m.n {
			word := words[m.channelAt(i, j)]
			if i == j {
				s.servers[i] = m.servers.At(word)
			} else {
				s.channels[i][j] = word
			}
		}
	}
	s.zbGlobal = m.globals.At(words[m.n*m.n])
}

// encode writes a state. What is as in the state before keeps its word.
func (m *ZabSpec) encode(s, before *zbState, beforeWords, words []uint32) {
	copy(words, beforeWords)
	for i := range m.n {
		for j := range m.n {
			if i != j {
				words[m.channelAt(i, j)] = s.channels[i][j]
			} else if s.servers[i] != before.servers[i] {
				words[m.channelAt(i, i)] = m.server(&s.servers[i])
			}
		}
	}
	words[m.n*m.n] = m.global(&s.zbGlobal)
}

// print returns a fingerprint made from contents.
func (m *ZabSpec) print(words []uint32) uint64 {
	sum := m.globals.Hash(words[m.n*m.n])
	for i := range m.n {
		for j := range m.n {
			at := m.channelAt(i, j)
			hash := uint64(0)
			if i == j {
				hash = m.servers.Hash(words[at])
			} else {
				hash = m.channels.Hash(words[at])
			}
			sum += explore.Mix(hash + uint64(at))
		}
	}
	return sum
}

// Initial implements explore.Expander.
func (x *zbExpander) Initial(b *explore.Batch) {
	var s zbState
	words := b.Next()
	for i := range x.n {
		for j := range x.n {
			words[x.channelAt(i, j)] = 0
		}
		words[x.channelAt(i, i)] = x.server(&s.servers[i])
	}
	words[x.n*x.n] = x.global(&s.zbGlobal)
	x.add(b, words, 0)
}

// add ends a successor: under symmetry the batch makes the fingerprint, of the
// state that stands for it.
func (x *zbExpander) add(b *explore.Batch, words []uint32, label explore.Label) {
	if b.Symmetric() {
		b.Done(label)
		return
	}
	b.DoneAs(label, x.print(words))
}

// Expand implements explore.Expander.
func (x *zbExpander) Expand(words []uint32, b *explore.Batch) {
	x.batch, x.words = b, words
	x.decode(words, &x.now)
	for i := range x.n {
		x.updateLeader(i)
	}
	for i := range x.n {
		x.followLeader(i)
	}
	x.pairs(x.timeout)
	for i := range x.n {
		x.restart(i)
	}
	x.pairs(x.connect)
	for i := range x.n {
		x.request(i)
		x.broadcast(i)
	}
	x.pairs(x.receive)
	for i := range x.n {
		x.filter(i)
	}
}

func (x *zbExpander) pairs(do func(i, j int)) {
	for i := range x.n {
		for j := range x.n {
			if i != j {
				do(i, j)
			}
		}
	}
}

// begin makes the successor a copy of the state.
func (x *zbExpander) begin() *zbState {
	x.next = x.now
	return &x.next
}

// step ends the successor as one of an action of server i, and of j unless it
// is negative: the recorder takes it down.
func (x *zbExpander) step(action, i, j int) {
	s := &x.next
	switch action {
	case zbTimeout:
		s.timeouts++
	case zbRestart:
		s.timeouts++
		s.restarts++
	case zbLeaderRequest:
		s.requests++
		s.txns = 0
		for k := range x.n {
			s.txns = max(s.txns, uint8(len(x.histories.At(s.servers[k].history))))
		}
	case zbLeaderCEPOCH:
		s.epoch = 0
		for k := range x.n {
			s.epoch = max(s.epoch, s.servers[k].accepted)
		}
	}
	if action != zbFilter {
		s.pc = [3]uint8{uint8(1 + action), uint8(1 + i), uint8(1 + j)}
	}
	room := x.batch.Next()
	x.encode(s, &x.now, x.words, room)
	x.add(x.batch, room, explore.Label(1+action)|explore.Label(i)<<8|explore.Label(1+j)<<16)
}

func (m *ZabSpec) quorum(set uint8) bool { return 2*bits.OnesCount8(set) > m.n }

// sids returns the servers of a set of what was received.
func sids(set *[zbServersMax]zbReceived) uint8 {
	var mask uint8
	for sid, r := range set {
		if r.in {
			mask |= 1 << sid
		}
	}
	return mask
}

// linked returns those of them that are connected.
func linked(set *[zbServersMax]zbReceived) uint8 {
	var mask uint8
	for sid, r := range set {
		if r.in && r.connected {
			mask |= 1 << sid
		}
	}
	return mask
}

// The fields of violatedInvariants.
const (
	zbStateInconsistent = 1 << iota
	zbProposalInconsistent
	zbCommitInconsistent
	zbAckInconsistent
	zbMessageIllegal
)
