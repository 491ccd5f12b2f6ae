package scenarios

import (
	"strings"
	"testing"

	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// TestRotIsCarriedOut: of what the scenario says, and the node that it struck
// counts no more for who could have answered.
func TestRotIsCarriedOut(t *testing.T) {
	s := newScene(t, head("zab", 3)+"liveness: {within: 3s}, timeline: ["+
		"{at: 3s, crash: n1}, {at: 4s, disk: n1, rot: meta}, {at: 5s, restart: n1}, "+
		"{at: 6s, crash: n2, power: true}, {at: 7s, disk: n2, rot: snapshot}, {at: 7s, restart: n2}]}", Options{})
	var faults []string
	s.sim.Watch(steps(func(_ *sim.World, step *sim.Step) {
		if step.Fault != nil {
			faults = append(faults, string(step.Fault.Kind))
		}
		for _, effect := range step.Effects {
			if note, is := effect.(protocols.Note); is && note.Kind == protocols.Halted {
				faults = append(faults, note.Text)
			}
		}
	}))
	s.play()
	// There is no snapshot yet that could rot.
	if got := strings.Join(faults, ", "); got != "disk-rot-meta, the metadata is damaged" {
		t.Errorf("what struck: %s", got)
	}
	if s.phases.count(language.FaultDisk) != 1 || !s.phases.damaged(1) || s.phases.damaged(2) {
		t.Errorf("%+v", s.phases)
	}
	if core := s.core(); len(core) != 2 || core[0] == 1 || core[1] == 1 {
		t.Errorf("the core is %v", core)
	}
}

// TestClientsLoseCalls: the scenario's chance is the simulator's.
func TestClientsLoseCalls(t *testing.T) {
	result := judged(t, head("zab", 3)+"links: {client-loss: 30%}, workload: {random: {from: 2s, rate: 20/s}}}", Options{Seed: 1})
	lost := 0
	for i := range result.History {
		if result.History[i].Error == sim.TimedOut {
			lost++
		}
	}
	if verdict(t, result, Linearizable, "").Verdict != Holds || lost == 0 || lost == len(result.History) {
		t.Errorf("%d of %d operations are lost; %+v", lost, len(result.History), result.Verdicts)
	}
}

// TestALostDiskIsEmpty: the node stops, if it runs, and boots with nothing; and it
// counts no more for who could have answered.
func TestALostDiskIsEmpty(t *testing.T) {
	s := newScene(t, head("zab", 3)+"liveness: {within: 3s}, timeline: ["+
		"{at: 3s, disk: n1, lost: true}, {at: 4s, restart: n1}, {at: 5s, crash: n2}, {at: 6s, disk: n2, lost: true}]}", Options{})
	empty := 0
	s.sim.Watch(steps(func(w *sim.World, step *sim.Step) {
		if boot, is := step.Event.(protocols.Recovered); is && w.Now > 0 && boot.Disk.Next() == 1 && boot.Disk.Meta == nil {
			empty++
		}
	}))
	s.play()
	if empty != 1 || s.sim.World.Nodes[1].Up || s.sim.World.Nodes[1].Disk.Durable.Meta != nil {
		t.Errorf("%d boots with an empty disk; n2: %+v", empty, s.sim.World.Nodes[1].Disk.Durable)
	}
	if !s.phases.damaged(1) || !s.phases.damaged(2) || s.phases.damaged(3) {
		t.Errorf("%+v", s.phases)
	}
}
