package trace

import (
	"fmt"
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// Deed is something that somebody does in a run by hand, which neither the
// seed drew nor the scenario planned. The run goes on afterwards by itself: by
// the same seed, with what is left of the plan. Exactly one of Choose, Inflict,
// Delay and Cancel is set.
type Deed struct {
	// After is the number of steps before it: it is done as soon as there are
	// as many, and whatever the scenario is doing then is done as a whole.
	After uint64 `json:"after"`
	// Choose is made now, out of its turn.
	Choose *sim.Choice `json:"choose,omitempty"`
	// Inflict strikes now.
	Inflict *sim.Fault `json:"inflict,omitempty"`
	// Delay puts off what is to come.
	Delay *Delay `json:"delay,omitempty"`
	// Cancel keeps an entry of the scenario's timeline, the first being 1, from
	// happening.
	Cancel int `json:"cancel,omitempty"`
}

// Delay has a choice, which is scheduled, come later.
type Delay struct {
	Choice sim.Choice    `json:"choice"`
	By     time.Duration `json:"by"`
}

// Check reports what makes a deed one that no run of so many nodes, clients and
// timeline entries can have.
func (d *Deed) Check(nodes, clients, entries int) error {
	set := 0
	for _, is := range []bool{d.Choose != nil, d.Inflict != nil, d.Delay != nil, d.Cancel != 0} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		return fmt.Errorf("a deed is one of choose, inflict, delay and cancel, found %d of them", set)
	case d.Choose != nil && !within(*d.Choose, nodes, clients):
		return fmt.Errorf("no such choice: %+v", *d.Choose)
	case d.Inflict != nil:
		return checkFault(d.Inflict, nodes)
	case d.Delay != nil && (d.Delay.By <= 0 || !within(d.Delay.Choice, nodes, clients)):
		return fmt.Errorf("nothing can be delayed like this: %+v by %v", d.Delay.Choice, d.Delay.By)
	case d.Cancel < 0 || d.Cancel > entries:
		return fmt.Errorf("the timeline has no entry %d, it has %d", d.Cancel, entries)
	}
	return nil
}

// within reports whether a choice names what there is.
func within(c sim.Choice, nodes, clients int) bool {
	return c.Kind != 0 && int(c.Node) <= nodes && int(c.Peer) <= nodes && int(c.Client) <= clients
}

// checkFault reports what makes a fault one that nobody inflicts by hand, or
// that names what there is not.
func checkFault(f *sim.Fault, nodes int) error {
	ofLinks := []sim.FaultKind{sim.CutLinks, sim.HealLinks, sim.BreakStream}
	ofNodes := []sim.FaultKind{
		sim.CrashNode, sim.RestartNode, sim.PauseNode, sim.ResumeNode, sim.SlowNode, sim.JumpClock, sim.SlowDisk,
		sim.FillDisk, sim.FailForce, sim.RotRecord, sim.RotMeta, sim.RotSnapshot,
	}
	there := func(id protocols.NodeID) bool { return id >= 1 && int(id) <= nodes }
	switch {
	case slices.Contains(ofNodes, f.Kind) && !there(f.Node), f.By < 0 && f.Kind != sim.JumpClock, f.Keep < -1:
		return fmt.Errorf("no such fault: %+v", *f)
	case slices.Contains(ofNodes, f.Kind):
		return nil
	case !slices.Contains(ofLinks, f.Kind):
		return fmt.Errorf("nobody inflicts %q by hand", f.Kind)
	}
	for _, p := range f.Pairs {
		if !there(p.From) || !there(p.To) || p.From == p.To {
			return fmt.Errorf("no link from node %d to node %d among %d nodes", p.From, p.To, nodes)
		}
	}
	return nil
}
