package twopc

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// One-phase commit: the only participant decides by itself. The coordinator only
// carries the request there and the answer back, and must not answer for it.

func (n *Node) single(
	id resource.ID, now time.Duration, event protocols.Requested, part resource.Part, conditional bool, out *protocols.Effects,
) {
	s := Single{Client: event.Client, Node: part.Node, Request: resource.Request{
		Transaction: id, Begun: now, Client: event.Client, Number: event.Request, Commands: part.Commands,
		Participants: []protocols.NodeID{part.Node}, Voters: []protocols.NodeID{part.Node}, Conditional: conditional,
	}}
	n.Singles[id] = s
	n.perform(id, &s, out)
}

func (n *Node) perform(id resource.ID, s *Single, out *protocols.Effects) {
	n.send(s.Node, Perform{Request: s.Request, Oldest: n.oldest()}, out)
	if s.Node != n.Settings.Self { // it cannot get lost on the way to itself
		n.setTimer(timerRetry, id, n.Settings.Retry, out)
	}
}

// giveUp ends the asking for a request whose client has moved on. One over
// several participants goes on: it has a fate of its own.
func (n *Node) giveUp(id resource.ID, out *protocols.Effects) {
	if _, single := n.Singles[id]; single {
		n.forget(id, out)
	}
}

func (n *Node) onPerformed(m Performed, out *protocols.Effects) {
	s, known := n.Singles[m.Transaction]
	if !known {
		return
	}
	n.forget(m.Transaction, out)
	if n.Asked[s.Client].Transaction == m.Transaction {
		delete(n.Asked, s.Client)
	}
	switch {
	case m.Silent:
	case m.Refusal != "":
		out.Refuse(s.Client, s.Request.Number, m.Refusal)
	default:
		out.Reply(s.Client, s.Request.Number, resource.Join(
			[]resource.Part{{Node: s.Node, Commands: s.Request.Commands, Places: places(len(s.Request.Commands))}},
			s.Request.Conditional, [][]machine.Result{m.Results},
		))
	}
}

// places are those of the only part's commands.
func places(count int) []int {
	all := make([]int, count)
	for i := range all {
		all[i] = i
	}
	return all
}

// onPerform executes and commits, or refuses, on the node's own authority.
func (n *Node) onPerform(from protocols.NodeID, m Perform, out *protocols.Effects) {
	id := m.Request.Transaction
	n.advance(id.Coordinator(), m.Oldest)
	_, executed := n.Store.Branches[id]
	if _, refusing := n.Refusing[id]; executed || refusing {
		return // its record is being forced
	}
	outcome := n.execute(from, m, &m.Request, out)
	switch {
	case outcome.Wait:
	case outcome.Superseded:
		n.send(from, Performed{Transaction: id, Silent: true}, out)
	case outcome.Earlier:
		n.send(from, Performed{Transaction: id, Results: outcome.Results, Refusal: outcome.Refusal}, out)
	case outcome.Vote == resource.No:
		record := resource.RefuseAlone(&m.Request, outcome.Refusal)
		n.Refusing[id] = record
		n.Journal.Force(record, id, awaitRefused, out)
	case outcome.Vote == resource.ReadOnly:
		n.send(from, Performed{Transaction: id, Results: outcome.Results}, out)
		n.wake(n.Store.Release(id))
	default:
		n.Journal.Force(n.Store.Alone(id), id, awaitFinished, out)
	}
}

// onFinished: the commit is on disk.
func (n *Node) onFinished(id resource.ID, out *protocols.Effects) {
	results := n.Store.Branches[id].Results
	n.wake(n.Store.Resolve(id, resource.Commit))
	n.send(id.Coordinator(), Performed{Transaction: id, Results: results, Logged: true}, out)
}

// onRefused: the refusal is on disk. Till then a retry might have been executed.
func (n *Node) onRefused(id resource.ID, out *protocols.Effects) {
	record := n.Refusing[id]
	delete(n.Refusing, id)
	n.wake(n.Store.Refused(record))
	n.send(id.Coordinator(), Performed{Transaction: id, Refusal: record.Refusal, Logged: true}, out)
}
