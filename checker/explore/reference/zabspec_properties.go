package reference

import (
	"math/bits"
	"slices"

	"quorumlab/checker/explore"
)

// Properties implements explore.Model: those of the specification. Its local
// primary order says that some two transactions of a primary are in order,
// which is nearly always true; ours says it of all.
func (m *ZabSpec) Properties() []explore.Property {
	return []explore.Property{
		{Name: "should not be triggered", Sentence: "No server meets what it takes for impossible."},
		{Name: "leadership", Sentence: "An epoch has one established leader at most, now and over all time."},
		{Name: "prefix consistency", Sentence: "What two servers have committed is equal as far as both have."},
		{Name: "integrity", Sentence: "What a follower delivers, some primary has broadcast."},
		{Name: "agreement", Sentence: "If one follower delivers a and another b, then the one delivers b or the other a."},
		{Name: "total order", Sentence: "If a server delivers a before b, who delivers b delivered a before."},
		{Name: "local primary order", Sentence: "If a primary broadcasts a before b, who delivers b delivered a before."},
		{Name: "global primary order", Sentence: "Who delivers a of one epoch and b of a later one, delivers a first."},
		{Name: "primary integrity", Sentence: "A primary has delivered what its followers have of earlier epochs."},
		{Name: "committed", Sentence: "A follower commits a transaction.", Expectation: explore.Sometimes},
	}
}

// Hits implements explore.Expander.
func (x *zbExpander) Hits(words []uint32) uint64 {
	s := &x.now
	x.decode(words, s)
	v := zbView{n: x.n, servers: s.servers[:x.n], proposals: x.proposals.At(s.zbGlobal.proposals)}
	for i := range x.n {
		v.histories[i] = x.histories.At(s.servers[i].history)
	}
	if v.impossible() {
		return 1 // what is committed is not in the history: nothing more can be told
	}
	checks := [...]bool{
		s.violated == 0, v.leadership() && oneLeader(&s.epochLeader), v.prefixes(), v.integrity(), v.agreement(),
		v.totalOrder(), v.localOrder(), v.globalOrder(), v.primaryIntegrity(), !v.someCommitted(),
	}
	var hits uint64
	for bit, holds := range checks {
		if !holds {
			hits |= 1 << bit
		}
	}
	return hits
}

func oneLeader(leaders *[zbEpochMax + 1]uint8) bool {
	return !slices.ContainsFunc(leaders[:], func(set uint8) bool { return bits.OnesCount8(set) > 1 })
}

// zbView is what the properties look at.
type zbView struct {
	n         int
	servers   []zbServer
	histories [zbServersMax][]txn
	proposals []zbProposal
}

// impossible reports whether a server committed beyond its history.
func (v *zbView) impossible() bool {
	for i := range v.n {
		if int(v.servers[i].committedIndex) > len(v.histories[i]) {
			return true
		}
	}
	return false
}

// committed returns what a server has committed.
func (v *zbView) committed(i int) []txn { return v.histories[i][:v.servers[i].committedIndex] }

// place returns where a transaction stands in what a server has committed, -1
// if nowhere.
func (v *zbView) place(i int, t txn) int { return slices.IndexFunc(v.committed(i), t.equal) }

func (v *zbView) someCommitted() bool {
	for i := range v.n {
		if v.servers[i].state == zbFollowing && v.servers[i].committedIndex > 0 {
			return true
		}
	}
	return false
}

func (v *zbView) leadership() bool {
	var seen [zbEpochMax + 1]bool
	for _, s := range v.servers {
		if s.state == zbLeading && s.phase >= zbSynchronization {
			if seen[s.current] {
				return false
			}
			seen[s.current] = true
		}
	}
	return true
}

func (v *zbView) prefixes() bool {
	for i := range v.n {
		for j := range i {
			a, b := v.committed(i), v.committed(j)
			for k := range min(len(a), len(b)) {
				if !a[k].equal(b[k]) {
					return false
				}
			}
		}
	}
	return true
}

func (v *zbView) integrity() bool {
	for i := range v.n {
		if v.servers[i].state != zbFollowing {
			continue
		}
		for _, t := range v.committed(i) {
			if !slices.ContainsFunc(v.proposals, func(p zbProposal) bool { return p.zxid == t.zxid && p.data == t.value }) {
				return false
			}
		}
	}
	return true
}

func (v *zbView) agreement() bool {
	for i := range v.n {
		for j := range i {
			if v.servers[i].state != zbFollowing || v.servers[j].state != zbFollowing {
				continue
			}
			for _, a := range v.committed(i) {
				for _, b := range v.committed(j) {
					if v.place(j, a) < 0 && v.place(i, b) < 0 {
						return false
					}
				}
			}
		}
	}
	return true
}

func (v *zbView) totalOrder() bool {
	for i := range v.n {
		done := v.committed(i)
		for j := range v.n {
			if len(done) < 2 || v.servers[j].committedIndex < 2 {
				continue
			}
			for second := 1; second < len(done); second++ {
				at := v.place(j, done[second])
				for first := 0; at >= 0 && first < second; first++ {
					if before := v.place(j, done[first]); before < 0 || before >= at {
						return false
					}
				}
			}
		}
	}
	return true
}

func (v *zbView) localOrder() bool {
	for _, a := range v.proposals {
		for _, b := range v.proposals {
			if a.source != b.source || a.epoch != b.epoch || !b.zxid.after(a.zxid) {
				continue
			}
			for j := range v.n {
				at := v.place(j, txn{zxid: b.zxid, value: b.data})
				if before := v.place(j, txn{zxid: a.zxid, value: a.data}); at >= 0 && (before < 0 || before >= at) {
					return false
				}
			}
		}
	}
	return true
}

func (v *zbView) globalOrder() bool {
	for i := range v.n {
		done := v.committed(i)
		for k := 1; k < len(done); k++ {
			if done[k].zxid.epoch < done[k-1].zxid.epoch {
				return false
			}
		}
	}
	return true
}

func (v *zbView) primaryIntegrity() bool {
	for i := range v.n {
		leader := &v.servers[i]
		if leader.state != zbLeading || leader.phase != zbBroadcast {
			continue
		}
		for j := range v.n {
			follower := &v.servers[j]
			if leader.learners>>j&1 == 0 || follower.state != zbFollowing || int(follower.leader) != 1+i ||
				follower.phase != zbBroadcast {
				continue
			}
			for _, t := range v.committed(j) {
				if t.zxid.epoch < leader.current && v.place(i, t) < 0 {
					return false
				}
			}
		}
	}
	return true
}
