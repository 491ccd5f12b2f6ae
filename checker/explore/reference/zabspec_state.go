package reference

import (
	"encoding/binary"
	"slices"

	"quorumlab/checker/explore"
)

// The states and phases of a server.
const (
	zbLooking = iota
	zbFollowing
	zbLeading
)

const (
	zbElection = iota
	zbDiscovery
	zbSynchronization
	zbBroadcast
)

const (
	zbServersMax = 5
	zbEpochMax   = 10 // MAXEPOCH
)

// zxid is (epoch, counter).
type zxid struct{ epoch, counter uint8 }

func (z zxid) after(other zxid) bool {
	return z.epoch > other.epoch || z.epoch == other.epoch && z.counter > other.counter
}

// txn is a transaction of a history; acks has the servers that acknowledged it.
type txn struct {
	zxid  zxid
	value uint8
	acks  uint8
	epoch uint8
}

func (t txn) equal(other txn) bool { return t.zxid == other.zxid && t.value == other.value }

// zbMessage is a message under way. A history is interned.
type zbMessage struct {
	kind    uint8
	epoch   uint8
	zxid    zxid
	value   uint8
	history uint32
}

const (
	zbCEPOCH = iota
	zbNEWEPOCH
	zbACKEPOCH
	zbNEWLEADER
	zbACKLD
	zbCOMMITLD
	zbPROPOSE
	zbACK
	zbCOMMIT
)

// zbReceived is what a leader knows of a server by a message of it.
type zbReceived struct {
	in, connected bool
	epoch         uint8
	history       uint32
}

// zbServer is all variables of one server.
type zbServer struct {
	state, phase      uint8
	accepted, current uint8
	history           uint32
	committedIndex    uint8
	committed         zxid
	learners          uint8
	cepoch            [zbServersMax]zbReceived // epoch: f.p
	acke              [zbServersMax]zbReceived // epoch: f.a; history: h(f)
	ackld             [zbServersMax]zbReceived
	sent              uint8 // sendCounter
	leader            uint8 // connectInfo: 1 + the server, 0 if none
}

// zbGlobal is all variables that are no server's and under way nowhere.
type zbGlobal struct {
	oracle      uint8 // 1 + the server, 0 if none
	proposals   uint32
	epochLeader [zbEpochMax + 1]uint8
	violated    uint8 // a bit a field of violatedInvariants
	timeouts    uint8
	txns        uint8
	epoch       uint8
	restarts    uint8
	requests    uint8
	pc          [3]uint8 // the action, 1 + each of its servers
}

// zbProposal is an element of proposalMsgsLog.
type zbProposal struct {
	source, epoch uint8
	zxid          zxid
	data          uint8
}

// zbState is a whole state, its histories, channels and proposals interned.
type zbState struct {
	servers  [zbServersMax]zbServer
	channels [zbServersMax][zbServersMax]uint32 // from, to
	zbGlobal
}

// zbTables has what the states of a ZabSpec are made of.
type zbTables struct {
	histories explore.Interner[string, []txn]
	channels  explore.Interner[string, []zbMessage]
	proposals explore.Interner[string, []zbProposal]
	servers   explore.Interner[zbServer, zbServer]
	globals   explore.Interner[zbGlobal, zbGlobal]
}

func (t *zbTables) bytes() uint64 {
	return t.histories.Bytes() + t.channels.Bytes() + t.proposals.Bytes() +
		t.servers.Bytes() + t.globals.Bytes()
}

func (t *zbTables) history(h []txn) uint32 {
	data := make([]byte, 0, 5*len(h))
	for _, x := range h {
		data = append(data, x.zxid.epoch, x.zxid.counter, x.value, x.acks, x.epoch)
	}
	key := string(data)
	return t.histories.Number(key, 2*len(data), func() ([]txn, uint64) {
		return slices.Clone(h), explore.HashBytes(data)
	})
}

func (t *zbTables) channel(c []zbMessage) uint32 {
	var data []byte
	for _, m := range c {
		data = binary.LittleEndian.AppendUint32(append(data, m.kind, m.epoch, m.zxid.epoch, m.zxid.counter, m.value), m.history)
	}
	return t.channels.Number(string(data), 3*len(data), func() ([]zbMessage, uint64) {
		h := uint64(len(c))
		for _, m := range c {
			own := uint64(m.kind) | uint64(m.epoch)<<8 | uint64(m.zxid.epoch)<<16 | uint64(m.zxid.counter)<<24 | uint64(m.value)<<32
			h = explore.Mix(explore.Mix(h+own) ^ t.histories.Hash(m.history))
		}
		return slices.Clone(c), explore.Mix(h)
	})
}

func (t *zbTables) proposalSet(set []zbProposal) uint32 {
	data := make([]byte, 0, 5*len(set))
	for _, p := range set {
		data = append(data, p.source, p.epoch, p.zxid.epoch, p.zxid.counter, p.data)
	}
	return t.proposals.Number(string(data), 2*len(data), func() ([]zbProposal, uint64) {
		return slices.Clone(set), explore.HashBytes(data)
	})
}

func (t *zbTables) server(s *zbServer) uint32 {
	return t.servers.Number(*s, 0, func() (zbServer, uint64) {
		data := []byte{
			s.state, s.phase, s.accepted, s.current, s.committedIndex, s.committed.epoch, s.committed.counter,
			s.learners, s.sent, s.leader,
		}
		data = binary.LittleEndian.AppendUint64(data, t.histories.Hash(s.history))
		for _, set := range [][zbServersMax]zbReceived{s.cepoch, s.acke, s.ackld} {
			for _, r := range set {
				flags := byte(0)
				if r.in {
					flags = 1
				}
				if r.connected {
					flags |= 2
				}
				data = append(data, flags, r.epoch)
				data = binary.LittleEndian.AppendUint64(data, t.histories.Hash(r.history))
			}
		}
		return *s, explore.HashBytes(data)
	})
}

func (t *zbTables) global(g *zbGlobal) uint32 {
	return t.globals.Number(*g, 0, func() (zbGlobal, uint64) {
		data := append([]byte{g.oracle, g.violated, g.timeouts, g.txns, g.epoch, g.restarts, g.requests}, g.pc[:]...)
		data = append(data, g.epochLeader[:]...)
		data = binary.LittleEndian.AppendUint64(data, t.proposals.Hash(g.proposals))
		return *g, explore.HashBytes(data)
	})
}
