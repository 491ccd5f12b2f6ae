package scenarios

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// replica is a node that runs at the end, and what it holds.
type replica struct {
	id      protocols.NodeID
	name    string
	machine protocols.StateMachine
	// keeps tells whether a key is the node's to keep; nil: all are.
	keeps func(key string) bool
}

func (r *replica) mustHold(key string) bool { return r.keeps == nil || r.keeps(key) }

// replicas returns the nodes that run at the end, with what they hold.
func (x *execution) replicas() []replica {
	var running []replica
	w := x.sim.World
	for i := range w.Nodes {
		node, ok := w.Nodes[i].Node.(protocols.Replica)
		if !ok || !w.Nodes[i].Up {
			continue
		}
		r := replica{id: w.Nodes[i].ID, name: w.Setup().Name(w.Nodes[i].ID), machine: node.Replicated()}
		if partial, ok := node.(protocols.Partial); ok {
			r.keeps = partial.Keeps
		}
		running = append(running, r)
	}
	return running
}

// converged judges whether at the end all nodes that run hold the same or, if
// each keeps a part of the keys, whether those that keep a key hold the same of
// it. Who is still cut off or impaired does not count, as long as there is a
// majority that is not.
func (x *execution) converged() (Judgement, string) {
	whole := x.whole()
	if op := x.restless(whole); op != nil {
		return Unknown, fmt.Sprintf("it is not quiet at the end: %s wrote to %s as late as %v", op.Client, op.Key, time.Duration(op.Invoke))
	}
	running := slices.DeleteFunc(x.replicas(), func(r replica) bool { return !slices.Contains(whole, r.id) })
	if len(running) < 2 {
		return Unknown, "fewer than two nodes run at the end that are whole and reach each other"
	}
	return x.equal(running)
}

// quietFor is how many deadlines must pass without a write until it is quiet.
const quietFor = 3

// restless returns a write beside some nodes that began too late for the run to
// end in quiet; nil if there is none.
func (x *execution) restless(nodes []protocols.NodeID) *linear.Operation {
	for i := range x.clients.history {
		op := &x.clients.history[i]
		late := time.Duration(op.Invoke) > x.sim.World.Now-quietFor*x.run.Deadline
		if late && writes(op) && x.asks(op, nodes) {
			return op
		}
	}
	return nil
}

// whole returns the nodes that run at the end and are part of a majority of which
// each reaches all others, or of all nodes that run.
func (x *execution) whole() []protocols.NodeID {
	w := x.sim.World
	var running []protocols.NodeID
	for i := range w.Nodes {
		if id := w.Nodes[i].ID; w.Nodes[i].Up {
			apart := func(other protocols.NodeID) bool { return !bothWays(w, id, other) }
			if x.phases.impaired(id) || slices.ContainsFunc(running, apart) {
				return x.core()
			}
			running = append(running, id)
		}
	}
	return running
}

// equal judges whether replicas hold the same.
func (x *execution) equal(running []replica) (Judgement, string) {
	if running[0].keeps != nil {
		return keysEqual(running)
	}
	codec := x.sim.World.Setup().Codec
	first := codec.Canonical(running[0].machine)
	for _, r := range running[1:] {
		if !bytes.Equal(first, codec.Canonical(r.machine)) {
			return Violated, fmt.Sprintf("at the end %s holds %s, but %s holds %s", running[0].name,
				codec.AppendJSON(nil, running[0].machine), r.name, codec.AppendJSON(nil, r.machine))
		}
	}
	return Holds, ""
}

// keysEqual compares key by key.
func keysEqual(running []replica) (Judgement, string) {
	keys := map[string]bool{}
	for _, r := range running {
		for key := range r.machine.(*machine.KV).Values {
			keys[key] = true
		}
	}
	for _, key := range sortedKeys(keys) {
		var first *replica
		for i := range running {
			r := &running[i]
			if !r.mustHold(key) {
				continue
			}
			if first == nil {
				first = r
			}
			if a, b := valueAt(first, key), valueAt(r, key); a != b {
				return Violated, fmt.Sprintf("at the end %s holds %v of key %s, but %s holds %v", first.name, a, key, r.name, b)
			}
		}
	}
	return Holds, ""
}

// valueAt returns what a node holds of a key.
func valueAt(r *replica, key string) linear.Value {
	answer, _ := r.machine.Query(machine.Command{Op: machine.Get, Key: key})
	if result, ok := answer.(machine.Result); ok && result.Found {
		return linear.Some(result.Value)
	}
	return linear.Value{}
}

// lost counts the acknowledged writes that are gone at the end: no node that
// runs has the value, and no other write can have replaced it, for all of them
// were surely over before it began. known is false if no node runs at the end.
func (x *execution) lost() (n int64, known bool) {
	running := x.replicas()
	last := lastWrites(x.clients.history)
	for i := range x.clients.history {
		op := &x.clients.history[i]
		if op.Outcome == linear.OK && writes(op) && last[op.Key].but(op) < op.Invoke && !present(running, op.Key, op.In) {
			n++
		}
	}
	return n, len(running) > 0
}

// writes reports whether an operation put its value into its key, or may have.
func writes(op *linear.Operation) bool {
	switch op.Kind {
	case linear.Write:
		return op.Outcome != linear.Fail
	case linear.CAS:
		return op.Swapped || op.Outcome == linear.Info
	}
	return false
}

// written returns the keys that an operation changed, or may have.
func written(op *linear.Operation) []string {
	switch {
	case writes(op):
		return []string{op.Key}
	case op.Kind == linear.Transfer && (op.Swapped || op.Outcome == linear.Info):
		return []string{op.Key, op.To}
	}
	return nil
}

// latest tells until when the writes of a key may have taken effect: the one
// for which this is latest, and the others.
type latest struct {
	id           int
	that, others int64
}

// but returns until when a write other than op may have taken effect.
func (l latest) but(op *linear.Operation) int64 {
	if op.ID == l.id {
		return l.others
	}
	return l.that
}

// lastWrites returns for each key until when it may have been written. A write
// whose fate nobody knows may take effect at any time.
func lastWrites(history linear.History) map[string]latest {
	const before = -1 // anything begins
	last := map[string]latest{}
	for i := range history {
		op := &history[i]
		until := op.Return
		if op.Outcome == linear.Info {
			until = linear.Never
		}
		for _, key := range written(op) {
			l, seen := last[key]
			switch {
			case !seen:
				l = latest{op.ID, until, before}
			case until > l.that:
				l = latest{op.ID, until, l.that}
			default:
				l.others = max(l.others, until)
			}
			last[key] = l
		}
	}
	return last
}

// present reports whether some node holds a value of a key, alone or beside
// siblings.
func present(running []replica, key string, value linear.Value) bool {
	return slices.ContainsFunc(running, func(r replica) bool {
		held := valueAt(&r, key)
		if !held.Present || !value.Present {
			return held == value && r.mustHold(key)
		}
		return slices.Contains(strings.Split(held.Text, machine.Siblings), value.Text)
	})
}
