package zab

import (
	"time"

	"quorumlab/protocols"
)

// Fast leader election must bring a quorum of nodes that can talk to one
// another to name the same leader, preferably the one with the best history. It
// guarantees nothing: a wrong pick fails in discovery or synchronization.
// Notifications may be lost with a link, and repeated: a looking node sends its
// vote again after a time-out, and a vote replaces the sender's former one.

// Election is the state of fast leader election.
type Election struct {
	// Round is the logical clock. It is not kept across a crash.
	Round uint64
	// Vote is what this node proposes; of a node that does not look, what it
	// answers to those that do.
	Vote Vote
	// Votes are those of this round (recvset), Settled those of nodes that
	// follow or lead, of any round (outofelection), both by position.
	Votes   []Notification
	Settled []Notification
	// Wait is the current notification time-out.
	Wait time.Duration
	// Finalizing says that a quorum backs Vote and only better votes are
	// awaited.
	Finalizing bool
}

// notificationWaitMax bounds the doubling of the notification time-out, in
// ticks. ZooKeeper's 60 s would leave a healed ensemble idle for that long.
const notificationWaitMax = 8

// better reports whether v is to be preferred to w: the total order of votes.
func (v Vote) better(w Vote) bool {
	if v.PeerEpoch != w.PeerEpoch {
		return v.PeerEpoch > w.PeerEpoch
	}
	if v.Zxid != w.Zxid {
		return v.Zxid > w.Zxid
	}
	return v.Leader > w.Leader
}

// agrees reports whether two votes are for the same outcome. Among nodes that
// settled, round and zxid legitimately differ.
func (m Notification) agrees(other Notification) bool {
	if m.State == 0 || other.State == 0 {
		return false
	}
	if m.State == Looking || other.State == Looking {
		return m.Vote == other.Vote
	}
	return m.Vote.Leader == other.Vote.Leader && m.Vote.PeerEpoch == other.Vote.PeerEpoch
}

// elect begins a round of election.
func (n *Node) elect(out *protocols.Effects) {
	e := &n.Election
	e.Round++
	e.Votes = make([]Notification, len(n.Nodes))
	e.Settled = make([]Notification, len(n.Nodes))
	e.Wait = n.Options.Tick
	n.propose(n.ownVote(), out)
	n.armNotification(out)
	n.countLooking(out)
}

// ownVote is the vote for this node itself; that of one that does not vote names
// nobody, and only asks for answers.
func (n *Node) ownVote() Vote {
	if !n.eligible() {
		return Vote{Round: n.Election.Round}
	}
	return Vote{
		Leader: n.Self, Zxid: n.History.last(), Round: n.Election.Round, PeerEpoch: n.CurrentEpoch,
	}
}

// propose makes a vote this node's own, in the current round, and tells all.
func (n *Node) propose(vote Vote, out *protocols.Effects) {
	e := &n.Election
	vote.Round = e.Round
	e.Vote = vote
	e.Votes[n.Position] = n.notification()
	if e.Finalizing {
		e.Finalizing = false
		out.CancelTimer(protocols.Timer{Name: timerFinalize})
	}
	n.notify(n.voter, out)
}

func (n *Node) notification() Notification {
	m := Notification{State: n.Role, Vote: n.Election.Vote, Seen: n.seen()}
	if n.Active.Configuration.Version > 0 {
		m.Configuration = n.Active.Configuration
	}
	return m
}

// notify sends the vote to some of the nodes.
func (n *Node) notify(whom func(position int) bool, out *protocols.Effects) {
	var message protocols.Message = n.notification()
	for p, id := range n.Nodes {
		if p != n.Position && whom(p) {
			out.Send(id, message)
		}
	}
}

func (n *Node) answer(position int, out *protocols.Effects) {
	out.Send(n.Nodes[position], n.notification())
}

// armNotification starts the notification time-out. Its range keeps nodes that
// began together from staying in step.
func (n *Node) armNotification(out *protocols.Effects) {
	wait := n.Election.Wait
	out.SetTimer(protocols.Timer{Name: timerNotification}, wait, wait+wait/4)
}

func (n *Node) onNotificationTimeout(out *protocols.Effects) {
	e := &n.Election
	if n.eligible() { // who only asks is no trouble to the others
		e.Wait = min(2*e.Wait, notificationWaitMax*n.Options.Tick)
	}
	// To all: of the voters that this node knows of none may be left.
	n.notify(func(int) bool { return true }, out)
	n.armNotification(out)
}

func (n *Node) onNotification(position int, m Notification, out *protocols.Effects) {
	if n.Role != Looking {
		if m.State == Looking {
			n.answer(position, out)
		}
		return
	}
	known := n.Active.Configuration.Version
	if m.Configuration.Version > known {
		n.activate(m.Configuration, out)
		n.elect(out)
	}
	// The leader need not vote, as far as this node knows: it may be one of a
	// pending configuration that others have in their logs.
	_, names := n.lookup(m.Vote.Leader)
	switch counts := n.voter(position); m.State {
	case Looking:
		switch {
		case m.Configuration.Version < known || n.eligible() && !counts && !names:
			n.answer(position, out)
		case n.eligible() && counts || !n.eligible() && !n.Damaged && names:
			n.onVote(position, m, out)
		}
	case FollowingLeader, LeadingFollowers:
		if names {
			n.onSettledVote(position, m, out)
		}
	}
}

// onVote takes the vote of a node that looks, too. A node that does not vote
// backs others as well: some may have in their logs that it does. It answers only
// what makes it change its mind, lest two answer one another for ever.
func (n *Node) onVote(position int, m Notification, out *protocols.Effects) {
	e := &n.Election
	switch {
	case m.Vote.Round > e.Round:
		e.Round = m.Vote.Round
		clear(e.Votes)
		vote := n.ownVote()
		if m.Vote.better(vote) {
			vote = m.Vote
		}
		n.propose(vote, out)
		n.answerStranger(position, out)
	case m.Vote.Round < e.Round:
		if n.eligible() {
			n.answer(position, out)
		}
		return
	case m.Vote.better(e.Vote):
		n.propose(m.Vote, out)
		n.answerStranger(position, out)
	case e.Vote.better(m.Vote) && n.eligible():
		// It has not heard of this vote, or the two crossed. In
		// ZooKeeper a new connection repeats the last message; here the
		// answer makes up for one that was lost while it was away.
		n.answer(position, out)
	}
	e.Votes[position] = m
	n.countLooking(out)
}

// answerStranger tells the vote to a node that is not among the voters, who have
// been told.
func (n *Node) answerStranger(position int, out *protocols.Effects) {
	if !n.voter(position) {
		n.answer(position, out)
	}
}

// countLooking settles the election if all voters back the vote, and gives
// better votes a last chance if only a quorum does, or if some know of voters that
// this node does not know of.
func (n *Node) countLooking(out *protocols.Effects) {
	e := &n.Election
	if !n.eligible() {
		return
	}
	all := true
	for p := range e.Votes {
		all = all && (!n.voter(p) || e.Votes[p].agrees(e.Votes[n.Position])) && e.Votes[p].Seen <= n.seen()
	}
	switch {
	case all:
		n.settle(e.Vote, out)
	case n.backed() && !e.Finalizing:
		e.Finalizing = true
		wait := n.Options.FinalizeWait
		out.SetTimer(protocols.Timer{Name: timerFinalize}, wait, wait)
	}
}

func (n *Node) onFinalizeTimeout(out *protocols.Effects) {
	e := &n.Election
	if !e.Finalizing {
		return
	}
	e.Finalizing = false
	if n.backed() {
		n.settle(e.Vote, out)
	}
}

// onSettledVote takes the vote of a node that follows or leads: this is how a
// node joins a running ensemble. That of a pending configuration need not back it:
// the ensemble may have gone on without that transaction.
func (n *Node) onSettledVote(position int, m Notification, out *protocols.Effects) {
	e := &n.Election
	if m.Vote.Round == e.Round {
		e.Votes[position] = m
		if n.Active.backed(agrees(e.Votes, m)) && n.leads(m.Vote, e.Votes) {
			n.settle(m.Vote, out)
			return
		}
	}
	e.Settled[position] = m
	if n.Active.backed(agrees(e.Settled, m)) && n.leads(m.Vote, e.Settled) {
		e.Round = m.Vote.Round
		n.settle(m.Vote, out)
	}
}

// leads reports whether the leader of a settled vote says so itself. Without it
// nodes would go on electing a dead leader that others still follow.
func (n *Node) leads(vote Vote, votes []Notification) bool {
	if vote.Leader == n.Self {
		return vote.Round == n.Election.Round && n.eligible()
	}
	position, _ := n.lookup(vote.Leader)
	return votes[position].State == LeadingFollowers && votes[position].Vote.Leader == vote.Leader
}

// agrees tells who votes as m does.
func agrees(votes []Notification, m Notification) func(position int) bool {
	return func(p int) bool { return votes[p].agrees(m) }
}

// backed reports whether a quorum backs this node's vote.
func (n *Node) backed() bool {
	return n.quorum(agrees(n.Election.Votes, n.Election.Votes[n.Position]))
}

// settle ends the election with a vote.
func (n *Node) settle(vote Vote, out *protocols.Effects) {
	e := &n.Election
	vote.Round = e.Round
	*e = Election{Round: e.Round, Vote: vote}
	out.CancelTimer(protocols.Timer{Name: timerNotification})
	out.CancelTimer(protocols.Timer{Name: timerFinalize})
	out.Note(protocols.Note{Kind: Elected, Term: uint64(vote.PeerEpoch), Slot: uint64(vote.Leader)})
	if vote.Leader == n.Self {
		n.lead(out)
	} else {
		n.follow(vote.Leader, out)
	}
}
