package tcp

import (
	"context"
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

// Teller is told what became of a request, once, mostly by the driver's loop: it
// must not wait for anything.
type Teller interface{ Tell(Answer) }

// Asking is one request for the node, and who waits for its answer. The fields are
// set before it is asked, and not changed afterwards.
type Asking struct {
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
	Teller  Teller

	driver *Driver
	bytes  int // of the command
	over   atomic.Bool
	next   *Asking // who waits for the same answer
}

// Ask asks the node to execute a client's command, and returns at once. If the error
// is nil the Teller will be told of it, perhaps before Ask returns; else it never is,
// and the error is ErrBusy or ErrStopped. The same request may be asked several
// times, at once too; each gets the answer.
func (d *Driver) Ask(a *Asking) error {
	if d.requests.Add(1) > int64(d.config.Limits.Requests) {
		d.requests.Add(-1)
		return ErrBusy
	}
	if a.bytes = sizeOf(a.Command); !d.burden.take(a.bytes) {
		d.requests.Add(-1)
		return ErrBusy
	}
	a.driver = d
	event := protocols.Requested{Client: a.Client, Request: a.Request, Command: a.Command}
	if !d.mailbox.post(letter{event: event, asking: a}) && a.end() {
		d.burden.give(a.bytes)
		return ErrStopped
	}
	return nil
}

// Forget ends the waiting for an answer; of the request nobody knows what becomes. It
// reports false if the answer was told, or is being told, already.
func (a *Asking) Forget() bool {
	if !a.end() {
		return false
	}
	a.driver.burden.forget(a.bytes)
	a.driver.mailbox.post(letter{forget: a})
	return true
}

// end makes sure that only one answer is told. It reports whether there was none yet.
func (a *Asking) end() bool {
	if !a.over.CompareAndSwap(false, true) {
		return false
	}
	a.driver.requests.Add(-1)
	return true
}

// tell gives the answer; only the first counts.
func (a *Asking) tell(answer Answer) {
	if a.end() {
		a.driver.burden.give(a.bytes)
		a.Teller.Tell(answer)
	}
}

// inbox is a Teller with room for the answer.
type inbox chan Answer

// Tell implements Teller.
func (i inbox) Tell(answer Answer) { i <- answer }

// Request asks the node to execute a client's command, and waits for the answer
// until the context ends: then it is ErrUnknown.
func (d *Driver) Request(
	ctx context.Context, client protocols.ClientID, request uint64, command protocols.Command,
) Answer {
	answer := make(inbox, 1)
	a := &Asking{Client: client, Request: request, Command: command, Teller: answer}
	if err := d.Ask(a); err != nil {
		return Answer{Err: err}
	}
	select {
	case told := <-answer:
		return told
	case <-ctx.Done():
		if a.Forget() {
			return Answer{Err: ErrUnknown}
		}
		return <-answer
	}
}

func (a *Asking) call() call { return call{a.Client, a.Request} }

// await lets somebody wait for a reply of the node.
func (d *Driver) await(a *Asking) {
	name := a.call()
	a.next = d.waiting[name]
	d.waiting[name] = a
}

// forget drops one who waits no more.
func (d *Driver) forget(a *Asking) {
	name := a.call()
	var left *Asking
	for other := d.waiting[name]; other != nil; {
		next := other.next
		if other != a {
			other.next = left
			left = other
		}
		other = next
	}
	if left == nil {
		delete(d.waiting, name)
		return
	}
	d.waiting[name] = left
}

// reply answers all who wait for a request. A refusal speaks of one asking only, and
// nothing says of which: if several wait none of them may believe it.
func (d *Driver) reply(e protocols.Reply) {
	name := call{e.Client, e.Request}
	first := d.waiting[name]
	if first == nil {
		return
	}
	answer := Answer{Result: e.Result, Refusal: e.Refusal}
	if e.Refusal != "" && first.next != nil {
		answer = Answer{Err: ErrUnknown}
	}
	delete(d.waiting, name)
	d.tell(first, answer)
}

// tell tells all that wait for one answer.
func (d *Driver) tell(first *Asking, answer Answer) {
	for a := first; a != nil; {
		next := a.next
		a.tell(answer)
		a = next
	}
	d.answered = true
}

// settle says that what was told in a batch of steps is all for now.
func (d *Driver) settle() {
	if d.answered && d.config.Settled != nil {
		d.config.Settled()
	}
	d.answered = false
}
