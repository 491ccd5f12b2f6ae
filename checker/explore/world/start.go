package world

import (
	"fmt"
	"slices"

	"quorumlab/checker/explore"
	"quorumlab/protocols"
)

// startMax bounds the steps from boot to where exploration begins.
const startMax = 20000

// starter is a model of the way there. Faults have budgets that are never used up.
type starter struct{ *Model }

// Expander implements explore.Model.
func (m starter) Expander() explore.Expander {
	return &expander{
		Model: m.Model, asked: m.asked(), contents: make([]*content, m.nodes), starting: true,
		budgets: Budgets{Crashes: 2, Breaks: 2, Cuts: 2, Expirations: 2},
	}
}

// walkToStart takes the way from boot to where exploration begins.
func (m *Model) walkToStart() error {
	stepper := explore.NewStepper(starter{m})
	m.prologue = &explore.Path{States: stepper.Initial()}
	if m.config.Limits.Start != FromBoot {
		if err := m.rest(stepper); err != nil {
			return err
		}
	}
	if m.config.Limits.Start == FromLeader {
		if err := m.lead(stepper); err != nil {
			return fmt.Errorf("start=leader: %w", err)
		}
	}
	return m.script(stepper)
}

// nextTimer returns the first timer of the node that comes after another, less
// than 0 if there is none.
func nextTimer(labels []explore.Label, after int) int {
	fires := func(least int) int {
		return slices.IndexFunc(labels, func(l explore.Label) bool {
			return l.Kind() == kindFire && int(l>>8&0xff) >= least
		})
	}
	if at := fires(after + 1); at >= 0 {
		return at
	}
	return fires(0)
}

// booted writes the state in which all nodes have booted at once.
func (x *expander) booted(s *situation) {
	for i := range x.nodes {
		id := protocols.NodeID(i + 1)
		s.words[i] = x.Model.cell(&content{ID: id, Up: true, Node: x.newNode(id)})
		for j := range i {
			s.words[x.pairAt(protocols.NodeID(j+1), id)] = x.pairOf(&pair{})
		}
	}
	for client := range x.config.Clients {
		s.setClient(client, x.clientOf(clientState{}))
	}
	*s.history() = x.Model.history(nil)
	*s.monitor() = x.monitorOf(&monitor{last: make([]uint64, x.nodes), promised: make([]uint64, x.nodes)})
	s.ups = 1<<x.nodes - 1
	for i := range x.nodes {
		id := protocols.NodeID(i + 1)
		s.apply(id, s.react(id, act{kind: restart}))
	}
}

// Initial implements explore.Expander.
func (x *expander) Initial(b *explore.Batch) {
	x.batch = b
	room := b.Next()
	if x.prologue != nil && !x.starting {
		copy(room, x.prologue.States[len(x.prologue.Steps)])
	} else {
		clear(room)
		x.now = room // no budget is used
		x.booted(&situation{m: x.Model, words: room, atomic: x.atomic()})
	}
	b.Done(kindBoot)
}
