package twopc

import (
	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/resource"
)

// One-phase commit: the only participant decides by itself. The coordinator only
// carries the request there and the answer back, and must not answer for it.

func (n *Node) perform(id resource.ID, e *commitment.Errand, out *protocols.Effects) {
	node := e.Parts[0].Node
	request := e.RequestTo(id, node)
	request.Voters = request.Participants
	n.Send(node, Perform{Request: request, Oldest: n.oldest()}, out)
	if node != n.Self { // it cannot get lost on the way to itself
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
	e, known := n.Singles[m.Transaction]
	if !known {
		return
	}
	n.forget(m.Transaction, out)
	if n.Asked[e.Client].Transaction == m.Transaction {
		delete(n.Asked, e.Client)
	}
	e.TellAlone(commitment.Answer{Results: m.Results, Refusal: m.Refusal, Superseded: m.Silent}, out)
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
		n.Send(from, Performed{Transaction: id, Silent: true}, out)
	case outcome.Earlier:
		n.Send(from, Performed{Transaction: id, Results: outcome.Results, Refusal: outcome.Refusal}, out)
	case outcome.Vote == resource.No:
		record := resource.RefuseAlone(&m.Request, outcome.Refusal)
		n.Refusing[id] = record
		n.Journal.Force(record, id, awaitRefused, out)
	case outcome.Vote == resource.ReadOnly:
		n.Send(from, Performed{Transaction: id, Results: outcome.Results}, out)
		n.wake(n.Store.Release(id))
	default:
		n.Journal.Force(n.Store.Alone(id), id, awaitFinished, out)
	}
}

// onFinished: the commit is on disk.
func (n *Node) onFinished(id resource.ID, out *protocols.Effects) {
	results := n.Store.Branches[id].Results
	n.wake(n.Store.Resolve(id, resource.Commit))
	n.Send(id.Coordinator(), Performed{Transaction: id, Results: results, Logged: true}, out)
}

// onRefused: the refusal is on disk. Till then a retry might have been executed.
func (n *Node) onRefused(id resource.ID, out *protocols.Effects) {
	record := n.Refusing[id]
	delete(n.Refusing, id)
	n.wake(n.Store.Refused(record))
	n.Send(id.Coordinator(), Performed{Transaction: id, Refusal: record.Refusal, Logged: true}, out)
}
