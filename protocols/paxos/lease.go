package paxos

import (
	"slices"
	"time"

	"quorumlab/protocols"
)

// A lease lets the leader answer reads without asking. Who answers a heartbeat
// grants it: for Lease by its own clock it promises nobody else a ballot. The
// leader relies on a grant for LeaseHeld by its own clock, from the instant when
// it sent the heartbeat. While it holds grants of so many members that no quorum
// of promises is without them, no other leader can be established.
//
// The assumption: in true time t every clock advances by between (1-d)·t and
// (1+d)·t, where d is the drift bound, and is never set while it runs (use the
// monotonic clock). A grant then lasts at least Lease/(1+d) in true time, and is
// relied on for at most LeaseHeld/(1-d); so LeaseHeld = Lease·(1-d)/(1+d). A
// clock that breaks the assumption breaks the lease, and nothing else: reads may
// be stale, what is chosen stays chosen.
//
// Grants are not on disk: whoever restarts promises nobody anything for Lease.

// Grant binds a node: until its clock reads Until it promises nobody but To.
type Grant struct {
	To    protocols.NodeID
	Until time.Duration
}

// sentMost is how many rounds of heartbeats are remembered.
const sentMost = 8

// bound tells whether a grant forbids to promise a node a ballot.
func (n *Node) bound(now time.Duration, candidate protocols.NodeID) bool {
	return n.Options.Reads == ReadLease && n.Lease.To != candidate && now < n.Lease.Until
}

// grant binds this node to a leader.
func (n *Node) grant(now time.Duration, leader protocols.NodeID) {
	if n.Options.Reads == ReadLease {
		n.Lease = Grant{To: leader, Until: now + n.Options.Lease}
	}
}

// grantSelf binds the leader as it binds the others, at the begin of a round.
func (n *Node) grantSelf(now time.Duration) {
	if n.Options.Reads != ReadLease {
		return
	}
	n.grant(now, n.Self)
	g := &n.Leading
	if g.Until == nil {
		g.SentAt = make([]time.Duration, sentMost)
		g.Until = make([]time.Duration, len(n.Nodes))
		for p := range g.Until {
			g.Until[p] = now
		}
	}
	g.SentAt[g.Round%sentMost] = now
	g.Until[n.Position] = now + n.Options.LeaseHeld
}

// granted notes the grant of a node that answered a round.
func (n *Node) granted(from int, round uint64) {
	g := &n.Leading
	if n.Options.Reads == ReadLease && round+sentMost > g.Round {
		g.Until[from] = max(g.Until[from], g.SentAt[round%sentMost]+n.Options.LeaseHeld)
	}
}

// held returns until when the leader holds the lease, on its own clock.
func (n *Node) held() time.Duration {
	g := &n.Leading
	c := n.at(n.Chosen + 1)
	var until []time.Duration
	for _, m := range c.Members {
		if p, ok := n.lookup(m.Node); ok && g.AckedAs[p] == m.Incarnation {
			until = append(until, g.Until[p])
		}
	}
	wanted := n.intersecting(c)
	if len(until) < wanted {
		return 0
	}
	slices.Sort(until)
	return until[len(until)-wanted]
}

// leased tells whether the leader may answer reads by itself now.
func (n *Node) leased(now time.Duration) bool {
	return n.Options.Reads == ReadLease && n.Leading.Leased != 0 && now < n.Leading.Leased && now < n.held()
}

// renew tells of a lease that is held longer than was told before.
func (n *Node) renew(out *protocols.Effects) {
	g := &n.Leading
	if n.Options.Reads != ReadLease || !n.leads() {
		return
	}
	if until := n.held(); until > g.Leased {
		g.Leased = until
		out.Note(protocols.Note{Kind: protocols.Leased, Term: uint64(g.Ballot), Value: int64(until)})
	}
}

// lapse tells that the lease is given up before its time.
func (n *Node) lapse(out *protocols.Effects) {
	if n.Leading.Leased != 0 {
		out.Note(protocols.Note{Kind: protocols.Lapsed, Term: uint64(n.Leading.Ballot)})
	}
}
