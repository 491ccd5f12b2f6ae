package sim

import (
	"slices"

	"quorumlab/protocols"
)

// invoke starts the client's next operation.
func (w *World) invoke(id protocols.ClientID, step *Step) {
	client := w.client(id)
	if client.Open || client.Next >= len(client.Script) {
		return
	}
	client.Next++
	client.Open, client.Attempt, client.Unknown = true, 0, false
	step.Done = true
	w.ask(client, step)
	step.Client.Invoked = true
}

// ask sends the open operation to the next contact. A retry carries the same
// request number, by which the nodes know it.
func (w *World) ask(client *Client, step *Step) {
	operation := client.Script[client.Next-1]
	node := client.Contacts[client.Attempt%len(client.Contacts)]
	client.Attempt++
	w.Called++
	client.Call = w.Called
	w.Calls = append(w.Calls, Call{
		ID: w.Called, Client: client.ID, Request: uint64(client.Next), Node: node, Command: operation.Command,
	})
	step.Calls = append(step.Calls, w.Called)
	step.Client = ClientStep{Client: client.ID, Operation: operation.Number, Node: node, Command: operation.Command}
}

// arrive moves a call on: the request reaches its node, or the answer its
// client.
func (w *World) arrive(id uint64, step *Step) {
	at := w.call(id)
	if at < 0 || (w.Calls[at].Waiting && !w.Calls[at].Answered) {
		return
	}
	call := &w.Calls[at]
	client := w.client(call.Client)
	cell := w.cell(call.Node)
	if call.Answered {
		arrived := *call
		w.Calls = slices.Delete(w.Calls, at, at+1)
		step.Done = true
		if !arrived.Broken && !w.reaches(arrived.Node, client.Place) {
			step.Lost = 1
			return
		}
		w.answer(client, arrived, step)
		return
	}
	if !w.reaches(client.Place, call.Node) {
		w.Calls = slices.Delete(w.Calls, at, at+1)
		step.Done, step.Lost = true, 1
		return
	}
	if cell.Up && cell.Paused {
		return
	}
	step.Done = true
	if !cell.Up {
		call.Answered, call.Refusal = true, Crashed
		step.Calls = append(step.Calls, call.ID)
		return
	}
	event := protocols.Requested{Client: call.Client, Request: call.Request, Command: call.Command}
	if call.Waiting = client.Open && client.Call == id; !call.Waiting {
		w.Calls = slices.Delete(w.Calls, at, at+1) // the client has given up; the node cannot know
	}
	w.handle(cell, event, step)
}

// lose loses a request or an answer on its way. The client waits until its
// time-out: nothing tells it.
func (w *World) lose(id uint64, step *Step) {
	if at := w.call(id); at >= 0 && (w.Calls[at].Answered || !w.Calls[at].Waiting) {
		w.Calls = slices.Delete(w.Calls, at, at+1)
		step.Done, step.Lost = true, 1
	}
}

// receiver returns the node that a call is on its way to, 0 if to none.
func (w *World) receiver(id uint64) protocols.NodeID {
	if at := w.call(id); at >= 0 && !w.Calls[at].Answered {
		return w.Calls[at].Node
	}
	return 0
}

// call returns where in Calls a call is, -1 if it is over.
func (w *World) call(id uint64) int {
	for i := range w.Calls {
		if w.Calls[i].ID == id {
			return i
		}
	}
	return -1
}

// reaches reports whether what a client beside one node sends gets to another;
// 0 stands for a client that no cut touches.
func (w *World) reaches(from, to protocols.NodeID) bool {
	return from == to || from == 0 || to == 0 || w.Network.Reachable(from, to)
}

// reply puts a node's answer on its way, if the client still waits there.
func (w *World) reply(node protocols.NodeID, e protocols.Reply, step *Step) {
	for i := range w.Calls {
		call := &w.Calls[i]
		if call.Client == e.Client && call.Request == e.Request && call.Node == node && call.Waiting && !call.Answered {
			call.Answered, call.Result, call.Refusal = true, e.Result, e.Refusal
			step.Calls = append(step.Calls, call.ID)
		}
	}
}

// answer gives the client what came back. Only the latest call counts: of the
// earlier ones it has closed the connection.
func (w *World) answer(client *Client, call Call, step *Step) {
	if !client.Open || client.Call != call.ID {
		return
	}
	if call.Refusal == "" {
		w.finish(client, OK, step)
		step.Client.Result = call.Result
		return
	}
	client.Unknown = client.Unknown || call.Broken
	w.retry(client, call.Refusal, step)
}

// expire ends the client's patience with the call.
func (w *World) expire(c Choice, step *Step) {
	client := w.client(c.Client)
	if !client.Open || client.Call != c.ID {
		return
	}
	step.Done = true
	client.Unknown = true
	w.Calls = slices.DeleteFunc(w.Calls, func(call Call) bool {
		return call.ID == c.ID && (call.Waiting || call.Answered)
	})
	w.retry(client, TimedOut, step)
}

// retry asks the next contact, or ends the operation: it failed for sure only
// if no attempt's fate is unknown.
func (w *World) retry(client *Client, reason string, step *Step) {
	if client.Attempt < len(client.Contacts) {
		w.ask(client, step)
		return
	}
	outcome := Fail
	if client.Unknown {
		outcome = Info
	}
	w.finish(client, outcome, step)
	step.Client.Reason = reason
}

func (w *World) finish(client *Client, outcome Outcome, step *Step) {
	operation := client.Script[client.Next-1]
	client.Open = false
	step.Client = ClientStep{
		Client: client.ID, Operation: operation.Number, Node: w.contact(client), Command: operation.Command,
		Returned: true, Outcome: outcome,
	}
}

// contact returns the node that the client asked last.
func (w *World) contact(client *Client) protocols.NodeID {
	return client.Contacts[(client.Attempt-1)%len(client.Contacts)]
}
