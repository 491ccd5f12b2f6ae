package scenarios

import (
	"maps"
	"slices"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// Truth is what an onlooker who sees all nodes knows of a run and no client
// does. Reports keep it beside what the clients saw.
type Truth struct {
	// Holdings tells what nodes came to hold, in order; it is empty for a
	// protocol whose nodes cannot be looked into (protocols.Replica).
	Holdings []Holding
	// Keepers names, for each key, the nodes that keep a copy of it, if they run at
	// the end. It is nil where no key has more than one copy (protocols.NeedsAll).
	Keepers map[string][]string
	// Requests are those that reached a node, in order.
	Requests []Request
	// Decisions are those of the nodes on transactions, in order.
	Decisions []Decision
	// Lost and Outrun are the acknowledged writes that no node holds at the end,
	// by ID. Lost: nobody wrote the key after them. Outrun: a write that was
	// concurrent to them won, as happens where the last writer wins.
	Lost, Outrun []int
	// LostKnown is false if no node runs at the end that can be looked into.
	LostKnown bool
}

// Holding tells that from an instant on a node holds a value of a key, or that
// it is down and holds nothing.
type Holding struct {
	At    time.Duration
	Node  string
	Key   string // "": Down
	Value linear.Value
	Down  bool
}

// Request is what a node was asked.
type Request struct {
	At   time.Duration
	Node string
	// Answered: with a result, not a refusal. Crashed: the node went down first.
	Answered, Crashed bool
	// Refusal is what it was refused with, if it was.
	Refusal string
}

// Decision is what a node takes a transaction's fate to be.
type Decision struct {
	At          time.Duration
	Node        string
	Transaction uint64
	Commit      bool
}

// FaultSpan is a time during which a fault lasted.
type FaultSpan struct {
	Kind language.FaultKind
	// Node is what it struck, "" if that was the links.
	Node string
	// Groups are the nodes that a cut leaves connected, the largest group first.
	Groups   [][]string
	From, To time.Duration
	// Open: it lasts at the end of the run, which is its To.
	Open bool
}

// witnessOfAll is an observer that gathers a Truth.
type witnessOfAll struct {
	truth   Truth
	clients int
	held    []map[string]string // by node
	waiting map[asked]int       // places in truth.Requests
}

type asked struct {
	node    protocols.NodeID
	client  protocols.ClientID
	request uint64
}

func newTruth(run *language.Run) *witnessOfAll {
	return &witnessOfAll{
		clients: len(run.Clients),
		held:    make([]map[string]string, len(run.Cluster.Nodes)), waiting: map[asked]int{},
	}
}

// Observe implements sim.Observer.
func (t *witnessOfAll) Observe(w *sim.World, step *sim.Step) {
	if step.Stopped != 0 {
		t.stopped(w, step)
	}
	if step.Node == 0 {
		return
	}
	name, look := w.Setup().Name(step.Node), false
	switch e := step.Event.(type) {
	case protocols.Requested:
		at := asked{step.Node, e.Client, e.Request}
		if _, again := t.waiting[at]; !again && int(e.Client) <= t.clients {
			t.waiting[at] = len(t.truth.Requests)
			t.truth.Requests = append(t.truth.Requests, Request{At: step.Time, Node: name})
		}
	case protocols.Persisted, protocols.Recovered:
		look = true
	}
	for _, effect := range step.Effects {
		switch e := effect.(type) {
		case protocols.Reply:
			at := asked{step.Node, e.Client, e.Request}
			if i, open := t.waiting[at]; open {
				t.truth.Requests[i].Answered, t.truth.Requests[i].Refusal = e.Refusal == "", e.Refusal
				delete(t.waiting, at)
			}
		case protocols.Note:
			look = true
			if e.Kind == protocols.Decided || e.Kind == protocols.Heuristic {
				t.truth.Decisions = append(t.truth.Decisions, Decision{step.Time, name, e.Slot, e.Text == protocols.Commit})
			}
		}
	}
	if look {
		t.look(w, step)
	}
}

func (t *witnessOfAll) stopped(w *sim.World, step *sim.Step) {
	for at, i := range t.waiting {
		if at.node == step.Stopped {
			t.truth.Requests[i].Crashed = true
			delete(t.waiting, at)
		}
	}
	if t.held[step.Stopped-1] != nil {
		t.held[step.Stopped-1] = nil
		t.truth.Holdings = append(t.truth.Holdings, Holding{At: step.Time, Node: w.Setup().Name(step.Stopped), Down: true})
	}
}

// look compares what a node holds with what it held. What a node holds changes
// when something is on its disk or when it tells of something.
func (t *witnessOfAll) look(w *sim.World, step *sim.Step) {
	cell := &w.Nodes[step.Node-1]
	node, ok := cell.Node.(protocols.Replica)
	if !ok || !cell.Up {
		return
	}
	kv, ok := node.Replicated().(*machine.KV)
	if !ok {
		return
	}
	partial, _ := node.(protocols.Partial)
	before, name := t.held[step.Node-1], w.Setup().Name(step.Node)
	if before != nil && maps.Equal(before, kv.Values) {
		return
	}
	changed := map[string]linear.Value{}
	for key, value := range kv.Values {
		if old, had := before[key]; (!had || old != value) && (partial == nil || partial.Keeps(key)) {
			changed[key] = linear.Some(value)
		}
	}
	for key := range before {
		if _, has := kv.Values[key]; !has {
			changed[key] = linear.Value{}
		}
	}
	for _, key := range sortedKeys(changed) {
		t.truth.Holdings = append(t.truth.Holdings, Holding{At: step.Time, Node: name, Key: key, Value: changed[key]})
	}
	t.held[step.Node-1] = maps.Clone(kv.Values)
}

// concluded returns the truth of a run that is over.
func (t *witnessOfAll) concluded(x *execution) *Truth {
	running := x.replicas()
	last := lastWrites(x.clients.history)
	t.truth.LostKnown = len(running) > 0
	if !x.sim.World.Setup().Protocol.NeedsAll {
		t.truth.Keepers = t.keepers(running)
	}
	for i := range x.clients.history {
		op := &x.clients.history[i]
		if op.Outcome != linear.OK || !writes(op) || !t.truth.LostKnown || present(running, op.Key, op.In) {
			continue
		}
		switch {
		case last[op.Key].but(op) < op.Invoke:
			t.truth.Lost = append(t.truth.Lost, op.ID)
		case !followed(x.clients.history, op):
			t.truth.Outrun = append(t.truth.Outrun, op.ID)
		}
	}
	return &t.truth
}

// keepers tells who keeps which of the keys that anybody ever held.
func (t *witnessOfAll) keepers(running []replica) map[string][]string {
	found := map[string][]string{}
	for _, h := range t.truth.Holdings {
		if _, known := found[h.Key]; known || h.Down {
			continue
		}
		nodes := []string{}
		for i := range running {
			if running[i].mustHold(h.Key) {
				nodes = append(nodes, running[i].name)
			}
		}
		found[h.Key] = nodes
	}
	return found
}

// followed reports whether some write of the key was invoked after op returned.
func followed(history linear.History, op *linear.Operation) bool {
	return slices.ContainsFunc(history, func(o linear.Operation) bool {
		return o.ID != op.ID && o.Key == op.Key && writes(&o) && o.Invoke > op.Return
	})
}

// spansOf returns the faults of a run that is over.
func (x *execution) spansOf() []FaultSpan {
	var spans []FaultSpan
	for _, s := range x.phases.spans {
		span := FaultSpan{Kind: s.kind, From: s.from, To: s.to}
		if span.Open = s.to == sim.Forever; span.Open {
			span.To = x.sim.World.Now
		}
		switch {
		case s.place.node != 0:
			span.Node = x.sim.World.Setup().Name(s.place.node)
		case s.place.cut != "":
			span.Groups = groups(x.sim.World.Setup(), x.phases.cuts[s.place.cut])
		}
		spans = append(spans, span)
	}
	return spans
}

// groups returns the nodes that reach each other, both ways, in spite of cut
// links, perhaps by way of others: the largest group first.
func groups(setup *sim.Setup, cut []network.Pair) [][]string {
	n := len(setup.Names)
	group := make([]int, n)
	var found [][]string
	for i := range n {
		if group[i] != 0 {
			continue
		}
		found = append(found, nil)
		reached := []int{i}
		group[i] = len(found)
		for len(reached) > 0 {
			at := reached[0]
			reached = reached[1:]
			found[len(found)-1] = append(found[len(found)-1], setup.Names[at])
			for next := range n {
				there := network.Pair{From: protocols.NodeID(at + 1), To: protocols.NodeID(next + 1)}
				back := network.Pair{From: there.To, To: there.From}
				if group[next] == 0 && !slices.Contains(cut, there) && !slices.Contains(cut, back) {
					group[next] = len(found)
					reached = append(reached, next)
				}
			}
		}
		slices.Sort(found[len(found)-1])
	}
	slices.SortStableFunc(found, func(a, b []string) int { return len(b) - len(a) })
	return found
}
