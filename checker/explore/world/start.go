package world

import (
	"fmt"
	"slices"

	"quorumlab/checker/explore"
	"quorumlab/protocols"
)

// startMax bounds the steps from boot to where exploration begins.
const startMax = 20000

// starter is a model of the way there.
type starter struct{ *Model }

// Expander implements explore.Model.
func (m starter) Expander() explore.Expander {
	return &expander{Model: m.Model, asked: m.asked(), contents: make([]*content, m.nodes), starting: true}
}

// walkToStart takes the way from boot to where exploration begins: what is first
// under way, disks before links, is first carried out.
func (m *Model) walkToStart() error {
	stepper := explore.NewStepper(starter{m})
	m.prologue = &explore.Path{States: stepper.Initial()}
	state, last := m.prologue.States[0], 0
	for len(m.prologue.Steps) < startMax {
		next, labels := stepper.Next(state)
		at := slices.IndexFunc(labels, func(l explore.Label) bool { return ordinary[l.Kind()] })
		if at < 0 {
			if m.config.Limits.Start != FromLeader || m.led(state) {
				return nil
			}
			if at = nextTimer(labels, last); at < 0 {
				return fmt.Errorf("start=leader: %s comes to rest, and no leader is established", m.config.Protocol.Name)
			}
			last = int(labels[at] >> 8 & 0xff)
		}
		state = next[at]
		m.prologue.States, m.prologue.Steps = append(m.prologue.States, state), append(m.prologue.Steps, labels[at])
	}
	return fmt.Errorf("after %d steps of booting %s has not come to where exploration begins", startMax, m.config.Protocol.Name)
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

// led reports whether some leader was established.
func (m *Model) led(words []uint32) bool {
	return slices.ContainsFunc(m.monitors.At(words[len(words)-2]).facts, func(f fact) bool { return f.kind == ledBy })
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
