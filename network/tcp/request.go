package tcp

import (
	"context"
	"slices"
	"sync/atomic"

	"quorumlab/protocols"
)

// Answer is what became of a request.
type Answer struct {
	Result  protocols.Result
	Refusal string
	// Err is ErrBusy, ErrStopped or ErrUnknown if there was no answer.
	Err error
}

// call names a request.
type call struct {
	client  protocols.ClientID
	request uint64
}

// waiter awaits one answer.
type waiter struct {
	call   call
	answer chan Answer // with room for one
	over   atomic.Bool
}

// tell gives the answer; only the first counts.
func (w *waiter) tell(a Answer) {
	if w.over.CompareAndSwap(false, true) {
		w.answer <- a
	}
}

// Request asks the node to execute a client's command, and waits for the answer
// until the context ends: then it is ErrUnknown. The same request may be asked
// several times, at once too; each gets the answer.
func (d *Driver) Request(
	ctx context.Context, client protocols.ClientID, request uint64, command protocols.Command,
) Answer {
	if d.requests.Add(1) > int64(d.config.Limits.Requests) {
		d.requests.Add(-1)
		return Answer{Err: ErrBusy}
	}
	defer d.requests.Add(-1)
	w := &waiter{call: call{client, request}, answer: make(chan Answer, 1)}
	event := protocols.Requested{Client: client, Request: request, Command: command}
	if !d.mailbox.post(letter{event: event, waiter: w}) {
		return Answer{Err: ErrStopped}
	}
	select {
	case a := <-w.answer:
		return a
	case <-ctx.Done():
		w.tell(Answer{Err: ErrUnknown})
		d.mailbox.post(letter{forget: w})
		return <-w.answer
	}
}

// await lets a waiter wait for a reply of the node.
func (d *Driver) await(w *waiter) { d.waiting[w.call] = append(d.waiting[w.call], w) }

// forget drops a waiter that waits no more.
func (d *Driver) forget(w *waiter) {
	left := slices.DeleteFunc(d.waiting[w.call], func(other *waiter) bool { return other == w })
	if d.waiting[w.call] = left; len(left) == 0 {
		delete(d.waiting, w.call)
	}
}

// reply answers all who wait for a request. A refusal speaks of one asking only, and
// nothing says of which: if several wait none of them may believe it.
func (d *Driver) reply(e protocols.Reply) {
	asked := call{e.Client, e.Request}
	answer := Answer{Result: e.Result, Refusal: e.Refusal}
	if e.Refusal != "" && len(d.waiting[asked]) > 1 {
		answer = Answer{Err: ErrUnknown}
	}
	for _, w := range d.waiting[asked] {
		w.tell(answer)
	}
	delete(d.waiting, asked)
}
