package scenarios

import (
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// safe is a participant that holds as many locks as it is told.
type safe struct{ held int }

func (s *safe) Step(time.Duration, protocols.Event, *protocols.Effects) {}
func (s *safe) Resource() protocols.Resource                            { return s }
func (s *safe) Locked(uint64) int                                       { return s.held }
func (s *safe) Balance() int64                                          { return 0 }
func (s *safe) Pending(uint64) int64                                    { return 0 }

// TestInDoubt: from a YES until the decision is carried out, a coordinator's own
// branch too, and until the end if it never is.
func TestInDoubt(t *testing.T) {
	s := newScene(t, head("twopc", 3)+"}", Options{})
	w, d := s.sim.World, newDoubts()
	for i := range w.Nodes {
		w.Nodes[i].Node = &safe{held: 2}
	}
	shows := func(at time.Duration, node protocols.NodeID, held int, note protocols.Note) {
		w.Nodes[node-1].Node.(*safe).held = held
		d.heard(w, &sim.Step{Node: node, Time: at * time.Second}, &note)
	}
	voted := protocols.Note{Kind: protocols.Voted, Text: protocols.VoteYes, Slot: 7}
	decided := protocols.Note{Kind: protocols.Decided, Text: protocols.Commit, Slot: 7}
	met := protocols.Note{Kind: protocols.Blocked, Slot: 7, Value: protocols.Asker{Client: 1, Request: 2}}
	if d.measured("main", 0) != nil {
		t.Error("nothing was in doubt")
	}
	shows(1, 1, 2, voted)
	shows(1, 2, 1, voted)
	shows(2, 1, 2, voted)   // it repeats itself
	shows(3, 1, 2, decided) // as coordinator
	shows(4, 3, 2, protocols.Note{Kind: protocols.Voted, Text: protocols.VoteNo, Slot: 7})
	shows(4, 2, 1, met)
	shows(4, 2, 1, met)
	shows(5, 1, 0, decided)
	want := InDoubt{Run: "main", Branches: 2, Open: 1, LongestSeconds: 9, LockSeconds: 2*4 + 9, Bystanders: 1}
	if got := d.measured("main", 10*time.Second); *got != want {
		t.Errorf("%+v, want %+v", *got, want)
	}
	shows(7, 2, 0, decided)
	want = InDoubt{Run: "main", Branches: 2, LongestSeconds: 6, LockSeconds: 2*4 + 6, Bystanders: 1}
	if got := d.measured("main", 10*time.Second); *got != want {
		t.Errorf("%+v, want %+v", *got, want)
	}
}
