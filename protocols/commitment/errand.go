package commitment

import (
	"cmp"
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// Errand is what a client has asked for, and what its coordinator has heard from
// those who carry it out. The client must be told only what is surely so.
type Errand struct {
	Client      protocols.ClientID
	Request     uint64
	Begun       time.Duration
	Parts       []resource.Part
	Conditional bool
	// Results are those of the parts, Earlier how many were carried out before.
	Results [][]machine.Result
	Earlier int
	// Refusal is what the client is told if it is aborted. Silent: it must not
	// be told anything, for its request may have been carried out.
	Refusal string
	Silent  bool
}

// Answer is what came of a participant's commands.
type Answer struct {
	Results []machine.Result
	// Refusal is why it cannot be done, "" if it can.
	Refusal string
	// Earlier: the client's request was carried out before, and the answer is
	// the first one. Superseded: nobody waits for the answer any more.
	Earlier, Superseded bool
}

// AnswerOf returns what executing a request came to, for its coordinator.
func AnswerOf(o *resource.Outcome) Answer {
	return Answer{Results: o.Results, Refusal: o.Refusal, Earlier: o.Earlier, Superseded: o.Superseded}
}

// Undertaking is the Value of the note Begun.
func (e *Errand) Undertaking() protocols.Undertaking {
	return protocols.Undertaking{Client: e.Client, Request: e.Request, Participants: resource.Nodes(e.Parts)}
}

// Mixed tells whether there are several participants of which some only read.
func (e *Errand) Mixed() bool {
	return len(e.Parts) > 1 && slices.ContainsFunc(e.Parts, func(p resource.Part) bool { return p.ReadsOnly() })
}

// PartOf returns the place of a participant's part, -1 if it has none.
func (e *Errand) PartOf(node protocols.NodeID) int {
	return slices.IndexFunc(e.Parts, func(p resource.Part) bool { return p.Node == node })
}

// RequestTo returns what one node is to do, which is nothing if it has no part.
func (e *Errand) RequestTo(id resource.ID, node protocols.NodeID) resource.Request {
	r := resource.Request{
		Transaction: id, Begun: e.Begun, Client: e.Client, Number: e.Request,
		Participants: resource.Nodes(e.Parts), Conditional: e.Conditional,
	}
	if at := e.PartOf(node); at >= 0 {
		r.Commands = e.Parts[at].Commands
	}
	return r
}

// Keep keeps what the client is to be told of a part.
func (e *Errand) Keep(from protocols.NodeID, answer Answer) {
	if e.Results == nil {
		e.Results = make([][]machine.Result, len(e.Parts))
	}
	if at := e.PartOf(from); at >= 0 {
		e.Results[at] = answer.Results
	}
	if answer.Earlier {
		e.Earlier++
	}
	e.Silent = e.Silent || answer.Earlier || answer.Superseded
	e.Refusal = cmp.Or(e.Refusal, answer.Refusal)
}

// Tell tells the client what has become of its request, if that is known for sure.
func (e *Errand) Tell(decision resource.Decision, out *protocols.Effects) {
	switch {
	case e.Client == 0: // asked in an earlier life
	case decision == resource.Commit && !e.complete():
		// Another has led it to its end, and who knows the results has not
		// been heard of.
	case decision == resource.Commit || e.Earlier == len(e.Parts):
		out.Reply(e.Client, e.Request, e.Result())
	case !e.Silent:
		out.Refuse(e.Client, e.Request, cmp.Or(e.Refusal, protocols.Aborted))
	}
}

// Result is what the client is told if it is committed, nil as long as the results of
// some part are not known.
func (e *Errand) Result() protocols.Result {
	if !e.complete() {
		return nil
	}
	return resource.Join(e.Parts, e.Conditional, e.Results)
}

// complete tells whether the results of all parts are known.
func (e *Errand) complete() bool {
	return len(e.Parts) > 0 && len(e.Results) == len(e.Parts) && !slices.ContainsFunc(e.Results, func(r []machine.Result) bool { return r == nil })
}

// TellAlone tells the client what the only participant has done.
func (e *Errand) TellAlone(answer Answer, out *protocols.Effects) {
	switch {
	case answer.Superseded:
	case answer.Refusal != "":
		out.Refuse(e.Client, e.Request, answer.Refusal)
	default:
		out.Reply(e.Client, e.Request, resource.Join(e.Parts, e.Conditional, [][]machine.Result{answer.Results}))
	}
}
