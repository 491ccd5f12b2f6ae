package checker

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// replay executes the sequences that nodes deliver, on state machines of its own,
// each request once, and forgets no client. What it comes to is what nodes must
// come to, whatever they were given instead of the sequence.
type replay struct {
	// tips holds what the whole of each branch comes to.
	tips []*replica
	// outcomes holds what came of each transaction, executed the first one that
	// was executed for a request, by the request's number in the history.
	outcomes []outcome
	executed []int32
	// blind: something was delivered of which nobody can tell the command.
	blind   bool
	encoder state.Encoder
	// wanted and got are the bytes compared last, wanted is the state of a place.
	wanted, got []byte
	place       place
}

// outcome is what came of a transaction that stands for a request.
type outcome struct {
	executed bool
	result   protocols.Result
	// next is what else was executed for the request, on another branch; 0: nothing.
	next int32
}

// replica is a state machine and the last answer to each client.
type replica struct {
	machine protocols.StateMachine
	last    []lastAnswer // clients growing
}

type lastAnswer struct {
	client protocols.ClientID
	number uint64
	result protocols.Result
}

func newReplay() *replay {
	return &replay{place: place{branch: -1}} // nowhere
}

// able tells whether the sequences can be executed.
func (p *replay) able(s *Set) bool { return !p.blind && s.world.Setup().Machine != nil }

// fresh returns the replica before the first transaction.
func fresh(s *Set) *replica {
	return &replica{machine: s.world.Setup().Machine()}
}

// execute takes a replica on by what was delivered, and reports whether a request
// was executed now. What stands for no request changes nothing.
func (r *replica) execute(value any) (result protocols.Result, now bool) {
	carrier, ok := value.(protocols.Carrier)
	if !ok {
		return nil, false
	}
	client, number := carrier.Origin()
	at, known := slices.BinarySearchFunc(r.last, client, func(a lastAnswer, client protocols.ClientID) int {
		return cmp.Compare(a.client, client)
	})
	if known && number <= r.last[at].number {
		return nil, false
	}
	command := carrier.Carries()
	if _, members := command.(protocols.Reconfigure); !members { // the protocol's own, without a result
		result = r.machine.Apply(command)
	}
	switch {
	case client == 0:
	case known:
		r.last[at].number, r.last[at].result = number, result
	default:
		r.last = slices.Insert(r.last, at, lastAnswer{client, number, result})
	}
	return result, true
}

// grew executes what nobody had delivered before at its place.
func (p *replay) grew(s *Set, g growth) {
	t := &s.history.transactions[g.tx]
	value := t.value
	_, carries := value.(protocols.Carrier)
	_, stands := value.(protocols.Originated)
	p.blind = p.blind || stands && !carries
	if !p.able(s) {
		return
	}
	for len(p.tips) <= int(g.at.branch) {
		p.tips = append(p.tips, nil)
	}
	if p.tips[g.at.branch] == nil {
		p.tips[g.at.branch] = p.upTo(s, g.from)
	}
	if result, now := p.tips[g.at.branch].execute(value); now && t.request != 0 {
		p.outcomes, p.executed = reach(p.outcomes, g.tx), reach(p.executed, t.request)
		p.record(t.request, g.tx, result)
	}
}

// record records what executing a transaction gave, as the last for its request;
// one that was executed on several branches counts once.
func (p *replay) record(request, tx int32, result protocols.Result) {
	o := &p.outcomes[tx]
	if o.result = result; o.executed {
		return
	}
	o.executed = true
	last := &p.executed[request]
	for *last != 0 {
		last = &p.outcomes[*last].next
	}
	*last = tx
}

// first returns the transaction that was executed first for a request, by the
// request's number; 0 if none was.
func (p *replay) first(request int32) int32 {
	if int(request) < len(p.executed) {
		return p.executed[request]
	}
	return 0
}

// again tells whether the request of a transaction has been executed at another
// slot.
func (p *replay) again(s *Set, tx int32) bool {
	t := &s.history.transactions[tx]
	first := p.first(t.request)
	return first != 0 && s.history.transactions[first].slot != t.slot
}

// upTo executes the sequence of a place.
func (p *replay) upTo(s *Set, at place) *replica {
	r := fresh(s)
	for depth := int32(1); depth <= at.depth; depth++ {
		r.execute(s.history.transactions[s.history.item(at, depth).tx].value)
	}
	return r
}

// differs says in words how a node differs from what its sequence comes to: in
// its state, or in an answer that it still knows; "" if it does not, or if
// nobody can tell.
func (p *replay) differs(s *Set, node protocols.NodeID, at place) string {
	replicating, ok := s.world.Nodes[node-1].Node.(protocols.Replica)
	if !ok || replicating.Replicated() == nil {
		return ""
	}
	var want *replica
	if b := int(at.branch); at == s.history.tip(b) && b < len(p.tips) && p.tips[b] != nil {
		want = p.tips[b]
	} else {
		want = p.upTo(s, at)
	}
	got := replicating.Replicated()
	if p.place != at { // mostly one node after the other comes there
		p.wanted, p.place = p.encoder.Append(p.wanted[:0], want.machine), at
	}
	p.got = p.encoder.Append(p.got[:0], got)
	if !bytes.Equal(p.wanted, p.got) {
		change := state.Diff(want.machine, got)[0]
		return fmt.Sprintf("its %s is %s, not %s", cmp.Or(change.Path, "state"), orNothing(change.After), orNothing(change.Before))
	}
	answering, ok := replicating.(protocols.Answerer)
	if !ok {
		return ""
	}
	for _, last := range want.last {
		client := last.client
		result, answered, over := answering.Answered(client, last.number)
		switch {
		case over: // the session has ended
		case !answered:
			return fmt.Sprintf("it does not know that request %d of %s was executed", last.number, s.client(client))
		case !equal(result, last.result):
			return fmt.Sprintf("its answer to request %d of %s is %+v, not %+v", last.number, s.client(client), result, last.result)
		}
	}
	return ""
}

// orNothing returns a JSON view, or a word for none.
func orNothing(view string) string { return cmp.Or(view, "nothing") }
