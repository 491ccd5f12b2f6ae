package scenarios

import (
	"fmt"
	"slices"

	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// take puts what is to be done by hand on the agenda. An error names a deed that
// no such run can have.
func (a *agenda) take(deeds []trace.Deed) error {
	for i := range deeds {
		if err := deeds[i].Check(len(a.run.Cluster.Nodes), len(a.sim.World.Clients), len(a.run.Timeline)); err != nil {
			return fmt.Errorf("deed %d: %w", i+1, err)
		}
		if i > 0 && deeds[i].After < deeds[i-1].After {
			return fmt.Errorf("deed %d comes after step %d, but the one before it after step %d", i+1, deeds[i].After, deeds[i-1].After)
		}
	}
	a.deeds = deeds
	return nil
}

// byHand tells whether the next deed is due.
func (a *agenda) byHand() bool { return len(a.deeds) > 0 && a.deeds[0].After <= a.sim.Steps }

// lendHand does the deeds that are due.
func (a *agenda) lendHand() error {
	for a.byHand() {
		deed := &a.deeds[0]
		a.deeds = a.deeds[1:]
		after := a.sim.Steps
		done, err := a.deed(deed)
		a.deedsDone = append(a.deedsDone, Done{After: after, Done: done})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *agenda) deed(d *trace.Deed) (done bool, err error) {
	switch {
	case d.Choose != nil:
		return a.sim.Choose(*d.Choose)
	case d.Delay != nil:
		return a.sim.Postpone(d.Delay.Choice, d.Delay.By), nil
	case d.Inflict != nil:
		before := a.sim.Steps
		err := a.sim.Inflict(*d.Inflict)
		return a.sim.Steps > before || d.Inflict.Kind == sim.CrashAtSync, err
	}
	before := len(a.items)
	a.items = slices.DeleteFunc(a.items, func(i item) bool { return i.entry == d.Cancel })
	return len(a.items) < before, nil
}
