package refine

import (
	"slices"
	"sort"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// Server is one server of the specification, as far as a node of the real
// protocol has brought it. It is plain data.
type Server struct {
	Self  protocols.NodeID
	Nodes []protocols.NodeID // all, in growing order; slices with one a node go by it
	State State

	// Accepted is acceptedEpoch as the node is free to put it on its disk; Written
	// and Stable are what it has given to the disk, and what is on it.
	Accepted        zab.Epoch
	Written, Stable Epochs
	// Adopting is an epoch that may become the current one: its initial history
	// has been given to the disk.
	Adopting zab.Epoch
	// Damaged: the disk has lost part of the history, the node does not count.
	Damaged bool

	// History is what the node has taken into its log, from the disk's index
	// First on; Base is the zxid before.
	History []Txn
	First   uint64
	Base    zab.Zxid
	// Saved is the snapshot that was given to the disk last. Claimed is one that
	// was sent before that, 0 if none was.
	Saved, SavedBase, Claimed zab.Zxid
	// Ops are the changes of the log that are not yet on the disk; the first
	// Handed were given to it, up to where Marks say.
	Ops    []Op
	Handed int
	Marks  []Mark

	// Active is the last configuration that is known to be committed, Later has
	// those of the history that come after it.
	Active Configuration
	Later  []Txn
	// Committed is lastCommitted: the last transaction delivered, or that of the
	// snapshot that took its place.
	Committed zab.Zxid

	Session Session
	Reign   Reign
	// Infos are the CEPOCHs under way that no reign has taken yet, by sender;
	// Attempt 0 stands for none.
	Infos []Info
}

// State is the variable state. Halted is ours: a server that has stopped.
type State uint8

// The states.
const (
	Looking State = iota
	Following
	Leading
	Halted
)

var stateNames = [...]string{Looking: "LOOKING", Following: "FOLLOWING", Leading: "LEADING", Halted: "halted"}

// Epochs is the metadata on a disk.
type Epochs struct{ Accepted, Current zab.Epoch }

// Txn is a transaction of a history. Client and Request stand for its value;
// Members are those of a configuration.
type Txn struct {
	Zxid    zab.Zxid
	Client  protocols.ClientID
	Request uint64
	Members []protocols.NodeID
}

func (t *Txn) same(other *Txn) bool {
	return t.Zxid == other.Zxid && t.Client == other.Client && t.Request == other.Request &&
		slices.Equal(t.Members, other.Members)
}

func txnOf(record any) (Txn, bool) {
	made, ok := record.(zab.Transaction)
	if !ok {
		return Txn{}, false
	}
	t := Txn{Zxid: made.Zxid, Client: made.Client, Request: made.Request}
	if change, ok := made.Command.(protocols.Reconfigure); ok {
		t.Members = change.Members
	}
	return t, true
}

// Op is a change of the log.
type Op struct {
	Kind OpKind
	Txn  Txn
	// From is where a cut begins, Zxid what a snapshot stands for, Epoch what may
	// be adopted.
	From  uint64
	Zxid  zab.Zxid
	Epoch zab.Epoch
}

// OpKind is the kind of a change.
type OpKind uint8

// The kinds. Empties cuts off all that a snapshot stands for. Adopts is nothing on
// the disk: the initial history of an epoch ends here.
const (
	Appends OpKind = iota
	Cuts
	Installs
	Empties
	Adopts
)

// Mark is what is on the disk once a Persist is done: so many of Ops.
type Mark struct {
	Mark   uint64
	Ops    int
	Epochs Epochs
}

// Configuration is who votes.
type Configuration struct {
	Version zab.Zxid
	Members []protocols.NodeID
}

// Info is a CEPOCH.
type Info struct {
	Attempt  uint64
	Accepted zab.Epoch
}

// Session is what a follower has gone through with its leader.
type Session struct {
	Leader  protocols.NodeID // connectInfo, 0 if none
	Attempt uint64
	Stage   Stage
	Epoch   zab.Epoch
	// Counted: the epoch was accepted in this session.
	Counted bool
	// Snap is what the snapshot that comes in stands for.
	Snap zab.Zxid
	// NewLeader is the end of the leader's history, Acked the last acknowledged.
	NewLeader, Acked zab.Zxid
}

// Stage orders what a follower goes through.
type Stage uint8

// The stages.
const (
	Connected    Stage = iota + 1 // CEPOCH sent
	Accepting                     // NEWEPOCH came
	Accepted                      // ACKEPOCH sent
	Loading                       // a snapshot comes in
	Receiving                     // the rest of NEWLEADER's history comes in
	Recording                     // NEWLEADER came whole
	Adopted                       // ACKLD sent
	Broadcasting                  // COMMITLD came: zabState is BROADCAST
)

// Reign is what a leader knows.
type Reign struct {
	// Epoch is the leader's acceptedEpoch, 0 before it is chosen.
	Epoch zab.Epoch
	// Seen is the highest f.p of cepochRecv.
	Seen zab.Epoch
	// Formed: ackeRecv is a quorum; Established: ackldRecv is one.
	Formed, Established bool
	Committed           zab.Zxid
	Peers               []Peer
}

// Peer is what a leader knows of a server.
type Peer struct {
	// Attempt names its connection, 0 if it is not among the learners.
	Attempt uint64
	Stage   PeerStage
	// Informed, Promised and Synced: it is in cepochRecv, ackeRecv and ackldRecv.
	Informed, Promised, Synced bool
	// Last is the end of the history that its ACKEPOCH told, Sent the last
	// transaction that it was sent, Acked the last that it has acknowledged.
	Last, Sent, Acked zab.Zxid
}

// PeerStage orders what a leader goes through with a server.
type PeerStage uint8

// The stages.
const (
	Joined  PeerStage = iota + 1 // CEPOCH came
	Invited                      // NEWEPOCH sent
	Told                         // ACKEPOCH came
	Syncing                      // NEWLEADER's history goes out
	Sent                         // NEWLEADER sent
	Serving                      // ACKLD came
)

// New returns a server that has yet to be started.
func New(self protocols.NodeID, nodes, members []protocols.NodeID) *Server {
	if members == nil {
		members = nodes
	}
	return &Server{
		Self: self, Nodes: slices.Clone(nodes), Active: Configuration{Members: slices.Clone(members)},
		Infos: make([]Info, len(nodes)),
	}
}

// position returns where a node stands among all.
func (s *Server) position(id protocols.NodeID) (int, bool) {
	return slices.BinarySearch(s.Nodes, id)
}

// last returns the zxid at the end of the history.
func (s *Server) last() zab.Zxid {
	if len(s.History) == 0 {
		return s.Base
	}
	return s.History[len(s.History)-1].Zxid
}

// next returns the disk's index of the transaction that comes next.
func (s *Server) next() uint64 { return s.First + uint64(len(s.History)) }

// upTo returns how many transactions of the history have a zxid of at most z.
func (s *Server) upTo(z zab.Zxid) int {
	return sort.Search(len(s.History), func(i int) bool { return s.History[i].Zxid > z })
}

// has reports whether the history has a transaction, or begins behind it.
func (s *Server) has(z zab.Zxid) bool {
	if n := s.upTo(z); n > 0 {
		return s.History[n-1].Zxid == z
	}
	return z == s.Base
}

// after returns the transaction that follows one in the history, nil if none does.
func (s *Server) after(z zab.Zxid) *Txn {
	if n := s.upTo(z); n < len(s.History) {
		return &s.History[n]
	}
	return nil
}

// follows reports whether a history that ends with last may go on with z.
func follows(z, last zab.Zxid) bool {
	if z.Epoch() == last.Epoch() {
		return z == last+1 && z.Counter() != 0
	}
	return z > last && z.Counter() == 1
}

// take adds a transaction to the history; the disk is to have it, too.
func (s *Server) take(t Txn) {
	s.History = append(s.History, t)
	s.Ops = append(s.Ops, Op{Kind: Appends, Txn: t})
	s.configure(&t)
}

// cut ends the history with its first count transactions.
func (s *Server) cut(count int) {
	clear(s.History[count:])
	s.History = s.History[:count]
	s.Ops = append(s.Ops, Op{Kind: Cuts, From: s.next()})
	last := s.last()
	s.Later = slices.DeleteFunc(s.Later, func(t Txn) bool { return t.Zxid > last })
}

// stable returns the end of the history's part that is on disk; false if the disk
// may still hold something else.
func (s *Server) stable() (zab.Zxid, bool) {
	appended := 0
	for i := range s.Ops {
		switch s.Ops[i].Kind {
		case Appends:
			appended++
		case Cuts, Installs, Empties:
			return 0, false
		}
	}
	if appended >= len(s.History) {
		return s.Base, true
	}
	return s.History[len(s.History)-appended-1].Zxid, true
}

// adopted reports whether an epoch is on disk as the current one, and before it
// the initial history of it.
func (s *Server) adopted(epoch zab.Epoch) bool {
	return s.Stable.Current >= epoch && !slices.ContainsFunc(s.Ops, func(op Op) bool {
		return op.Kind == Adopts && op.Epoch == epoch
	})
}

// String returns the specification's word.
func (s State) String() string { return stateNames[s] }
