package refine

import (
	"fmt"

	"quorumlab/checker"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// Property is what a run of the real protocol is judged by.
const Property = "refines-zab-spec"

// Description says in a sentence what it demands.
func Description() checker.Description {
	return checker.Description{
		Name:     Property,
		Sentence: "Every step of a node is a step of the specification Zab.tla, or changes nothing of what that speaks of.",
		Source:   "Apache ZooKeeper, zookeeper-specifications/protocol-spec/Zab.tla",
	}
}

// Specified reports whether there is a specification that runs of a protocol can
// be held against.
func Specified(protocol string) bool { return protocol == "zab" }

// Watch follows a run of the simulator (sim.Observer).
type Watch struct {
	view    View
	servers []*Server
	finding checker.Finding
	taken   [actionCount]uint64
}

// NewWatch returns a watch of a run that has yet to begin.
func NewWatch() *Watch {
	return &Watch{finding: checker.Finding{Property: Property, Verdict: checker.Holds}}
}

// Finding returns the verdict, as of now. Checked counts the steps of the
// specification.
func (w *Watch) Finding() checker.Finding { return w.finding }

// Taken returns how many steps of the run were this action.
func (w *Watch) Taken(a Action) uint64 { return w.taken[a] }

// Observe implements sim.Observer.
func (w *Watch) Observe(world *sim.World, s *sim.Step) {
	if s.Node == 0 || w.finding.Verdict == checker.Violated {
		return
	}
	if w.servers == nil {
		w.servers = make([]*Server, len(world.Nodes))
		w.view = View{Names: world.Setup().Names, Took: w.took}
	}
	server := w.servers[s.Node-1]
	if _, boots := s.Event.(protocols.Recovered); boots {
		server = New(s.Node, nodesOf(world), world.Setup().Members)
		w.servers[s.Node-1] = server
	}
	deviation := server.Follow(s.Event, s.Effects, w.view)
	if deviation == nil {
		return
	}
	w.finding.Verdict, w.finding.Step, w.finding.Time = checker.Violated, s.Number, s.Time
	w.finding.Witness = fmt.Sprintf("at step %d, on %s, node %s parts from the specification: %s",
		s.Number, w.view.TellEvent(s.Event), w.view.name(s.Node), deviation)
}

func (w *Watch) took(t Taken) {
	w.taken[t.Action]++
	w.finding.Checked++
}

func nodesOf(world *sim.World) []protocols.NodeID {
	ids := make([]protocols.NodeID, len(world.Nodes))
	for i := range ids {
		ids[i] = protocols.NodeID(i + 1)
	}
	return ids
}
