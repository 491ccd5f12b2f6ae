package primarybackup

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// run drives a cluster with random choices and records what its clients saw.
type run struct {
	*cluster
	t       *rapid.T
	clock   int64
	seen    int // replies taken into account
	open    map[protocols.ClientID]*porcupine.Operation
	history []porcupine.Operation
	last    map[protocols.ClientID]protocols.Requested
	acked   []protocols.Requested // writes
}

const clients = 3

func (r *run) act() {
	r.clock++
	id := rapid.SampledFrom(r.ids).Draw(r.t, "node")
	switch rapid.SampledFrom([]string{
		"deliver", "deliver", "deliver", "deliver", "deliver", "deliver", "sync", "sync", "sync",
		"request", "request", "request", "timer", "timer", "retry", "break", "cut", "heal", "heal", "crash", "restart",
	}).Draw(r.t, "action") {
	case "deliver":
		if busy := r.busy(); len(busy) > 0 {
			r.deliver(rapid.SampledFrom(busy).Draw(r.t, "link"))
		}
	case "sync":
		if len(r.disks[id].pending) > 0 {
			r.sync(id)
		}
	case "request":
		r.invoke(id)
	case "timer":
		if armed := r.armed(id); len(armed) > 0 {
			r.fireAt(id, rapid.SampledFrom(armed).Draw(r.t, "timer"))
		}
	case "retry":
		r.fire(timerRetry)
	case "break": // a link breaks and is usable again at once
		to := rapid.SampledFrom(r.ids).Draw(r.t, "to")
		if to != id {
			r.lose(link{id, to}, rapid.IntRange(0, 3).Draw(r.t, "keep"))
			r.lose(link{to, id}, rapid.IntRange(0, 3).Draw(r.t, "keep"))
		}
	case "cut":
		if to := rapid.SampledFrom(r.ids).Draw(r.t, "to"); to != id {
			r.cut(id, to)
		}
	case "heal":
		r.heal()
	case "crash":
		if r.nodes[id] != nil {
			r.crash(id, rapid.IntRange(0, 5).Draw(r.t, "keep"))
		}
	case "restart":
		if r.nodes[id] == nil {
			r.start(id)
		}
	}
	r.observe()
}

// invoke lets a client ask a node something new, or the same again.
func (r *run) invoke(id protocols.NodeID) {
	client := protocols.ClientID(rapid.IntRange(1, clients).Draw(r.t, "client"))
	request := r.last[client]
	if r.nodes[id] == nil {
		return
	}
	if r.open[client] == nil {
		command := get()
		if rapid.Bool().Draw(r.t, "write") {
			command = put(fmt.Sprintf("%d.%d", client, request.Request+1))
		}
		request = protocols.Requested{Client: client, Request: request.Request + 1, Command: command}
		r.last[client] = request
		r.open[client] = &porcupine.Operation{ClientId: int(client), Input: command, Call: r.clock}
	}
	r.step(id, request)
}

// observe takes the replies since the last call into the history.
func (r *run) observe() {
	r.clock++
	for ; r.seen < len(r.replies); r.seen++ {
		reply := r.replies[r.seen]
		operation, request := r.open[reply.Client], r.last[reply.Client]
		if operation == nil || reply.Request != request.Request {
			continue // an answer given twice
		}
		delete(r.open, reply.Client)
		if reply.Refusal != "" {
			continue
		}
		operation.Output, operation.Return = reply.Result, r.clock
		r.history = append(r.history, *operation)
		if operation.Input.(machine.Command).Op == machine.Put {
			r.acked = append(r.acked, request)
		}
	}
}

// register is the sequential specification of the one key used here.
var register = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		command := input.(machine.Command)
		if command.Op == machine.Put {
			return true, command.Value
		}
		return output == nil || output.(machine.Result).Value == state, state
	},
}

func (r *run) checkLinearizable() {
	history := slices.Clone(r.history)
	for _, client := range slices.Sorted(maps.Keys(r.open)) {
		operation := *r.open[client]
		operation.Return = r.clock + 1
		history = append(history, operation)
	}
	if !porcupine.CheckOperations(register, history) {
		r.t.Fatalf("not linearizable: %+v", history)
	}
}

// checkPrefix: of any two state machines one has been through what the other
// has, and then more.
func (r *run) checkPrefix() {
	longest := r.delivered[1]
	for _, id := range r.ids {
		if len(r.delivered[id]) > len(longest) {
			longest = r.delivered[id]
		}
	}
	for _, id := range r.ids {
		if done := r.delivered[id]; !slices.Equal(done, longest[:len(done)]) {
			r.t.Fatalf("node %d delivered %+v, another %+v", id, done, longest)
		}
	}
}

func (r *run) checkNothingLost() {
	for _, request := range r.acked {
		for _, id := range r.ids {
			if !slices.ContainsFunc(r.delivered[id], func(e Entry) bool {
				return e.Client == request.Client && e.Request == request.Request
			}) {
				r.t.Fatalf("node %d does not have the acknowledged %+v", id, request)
			}
		}
	}
}

// Every mode, under every fault, with the promises that doc.go makes for it.
func TestModesKeepTheirPromises(t *testing.T) {
	for _, test := range []struct {
		mode                              set
		linearizable, prefix, keeps, same bool
	}{
		{set{"replication": "async"}, true, true, true, true},
		{set{"replication": "async", "reads": "local"}, false, true, true, true},
		{set{"replication": "none", "reads": "local"}, false, false, false, false},
		{set{"replication": "none", "reads": "local", "takeover": "timeout"}, false, false, false, false},
		{set{}, true, true, true, true},
		{set{"reads": "local"}, false, true, true, true},
		{set{"takeover": "timeout", "empty_disk": "ask"}, true, true, true, true},
		{set{"wait": "alive"}, true, true, true, true},
		{set{"takeover": "timeout"}, true, true, true, true},
		{set{"takeover": "timeout", "reads": "local"}, false, true, true, true},
		{set{"takeover": "timeout", "wait": "alive"}, false, false, false, true},
		{set{"replication": "async", "takeover": "timeout"}, false, false, false, true},
	} {
		t.Run(fmt.Sprint(test.mode), rapid.MakeCheck(func(t *rapid.T) {
			parameters := maps.Clone(test.mode)
			parameters["snapshot_every"] = rapid.SampledFrom([]string{"0", "1", "3"}).Draw(t, "snapshot_every")
			r := &run{
				t: t, open: map[protocols.ClientID]*porcupine.Operation{}, last: map[protocols.ClientID]protocols.Requested{},
			}
			r.cluster = newCluster(t, rapid.IntRange(2, 3).Draw(t, "nodes"), parameters)
			for range rapid.IntRange(0, 150).Draw(t, "actions") {
				r.act()
				if test.prefix {
					r.checkPrefix()
				}
			}
			r.recover()
			r.observe()
			if test.linearizable {
				r.checkLinearizable()
			}
			if test.keeps {
				r.checkNothingLost()
			}
			if test.same {
				r.wantConverged()
				r.checkAnswered()
			}
		}))
	}
}

// checkAnswered: once all is well every request is answered that was made at
// a node which has not crashed since; here, every one made again.
func (r *run) checkAnswered() {
	for _, client := range slices.Sorted(maps.Keys(r.open)) {
		r.step(r.ids[len(r.ids)-1], r.last[client])
	}
	r.recover()
	r.observe()
	if len(r.open) > 0 {
		r.t.Fatalf("after all faults are repaired %d clients wait for ever", len(r.open))
	}
	r.wantConverged()
}
