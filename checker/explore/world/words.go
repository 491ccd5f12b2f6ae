package world

import (
	"fmt"
	"strings"

	"quorumlab/checker/explore"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// Explain implements explore.Model.
func (m *Model) Explain(label explore.Label) string {
	a, b, c := int(label>>8&0xff), int(label>>16&0xff), uint32(label>>24)
	node := func(id int) string { return m.name(protocols.NodeID(id)) }
	client := func() string { return m.config.Clients[a].Name }
	switch label.Kind() {
	case kindDeliver:
		return fmt.Sprintf("%s → %s: %s", node(a), node(b), m.tellMessage(c))
	case kindLearn:
		return fmt.Sprintf("%s learns that its stream with %s broke", node(b), node(a))
	case kindFire:
		return fmt.Sprintf("at %s a timer runs out: %s", node(a), m.values.At(c))
	case kindSync:
		return fmt.Sprintf("%s's disk completes a force", node(a))
	case kindCrash:
		return fmt.Sprintf("%s crashes; of its unforced writes %d are on the disk", node(a), b)
	case kindRestart:
		return fmt.Sprintf("%s restarts", node(a))
	case kindInvoke:
		return fmt.Sprintf("%s asks %s", client(), m.tellCommand(a, b+1))
	case kindRequest:
		return fmt.Sprintf("the request of %s arrives at %s", client(), node(b))
	case kindAnswer:
		return fmt.Sprintf("the answer of %s arrives at %s", node(b), client())
	case kindLate:
		return fmt.Sprintf("a request that %s has given up arrives at %s", client(), node(b))
	case kindExpire:
		return fmt.Sprintf("%s waits for %s no longer", client(), node(b))
	case kindCut:
		return fmt.Sprintf("%s is cut off from all others", node(a))
	case kindHeal:
		return fmt.Sprintf("the cut of %s is healed", node(a))
	case kindLost:
		return fmt.Sprintf("lost to the cut: %s → %s: %s", node(a), node(b), m.tellMessage(c))
	case kindMiss:
		return fmt.Sprintf("lost, for %s is down: %s → %s: %s", node(b), node(a), node(b), m.tellMessage(c))
	case kindTurn:
		return fmt.Sprintf("the clock of %s ticks", node(a))
	case kindAnew:
		return fmt.Sprintf("%s asks anew", client())
	case kindDrop:
		return fmt.Sprintf("lost: %s → %s: %s", node(a), node(b), m.tellMessage(c))
	case kindDuplicate:
		return fmt.Sprintf("doubled: %s → %s: %s", node(a), node(b), m.tellMessage(c))
	case kindBreak:
		return fmt.Sprintf("the stream between %s and %s breaks; %d and %d packets still arrive", node(a), node(b), c&0xff, c>>8)
	}
	return kindNames[label.Kind()]
}

func (m *Model) tellMessage(id uint32) string {
	message := m.messages.At(id)
	name := strings.TrimPrefix(fmt.Sprintf("%T", message), "*")
	return name[strings.LastIndexByte(name, '.')+1:] + " " + m.json(message)
}

func timerName(timer protocols.Timer) string {
	if timer.Key != 0 {
		return fmt.Sprintf("%s %d", timer.Name, timer.Key)
	}
	return timer.Name
}

// Describe implements explore.Model.
func (m *Model) Describe(words []uint32) []string {
	s := &situation{m: m, words: words}
	var lines []string
	for i := range m.nodes {
		id := protocols.NodeID(i + 1)
		c := m.cells.At(s.cell(id))
		if !c.Up {
			lines = append(lines, m.name(id)+": down")
		} else {
			lines = append(lines, m.name(id)+": "+m.json(c.Node))
		}
		lines = append(lines, fmt.Sprintf("%s's disk: %s, unforced writes: %d", m.name(id), m.json(c.Disk.Durable), c.Disk.Unforced()))
		for j := range i {
			lines = append(lines, m.describePair(s, protocols.NodeID(j+1), id))
		}
	}
	for client := range m.config.Clients {
		c := m.clients.At(s.client(client))
		lines = append(lines, fmt.Sprintf("%s: %d of %d begun, open %t", m.config.Clients[client].Name,
			c.next, len(m.config.Clients[client].Commands), c.open))
	}
	lines = append(lines, "history: "+m.tellHistory(*s.history()))
	return append(lines, "broken: "+m.monitors.At(*s.monitor()).reason)
}

// Differences implements explore.Differ: of a node it tells the fields that
// change.
func (m *Model) Differences(before, after []uint32) []explore.Change {
	was, is := &situation{m: m, words: before}, &situation{m: m, words: after}
	var changes []explore.Change
	add := func(before, after string) {
		if before != after {
			changes = append(changes, explore.Change{Before: before, After: after})
		}
	}
	for i := range m.nodes {
		id := protocols.NodeID(i + 1)
		if was.cell(id) != is.cell(id) {
			changes = append(changes, m.nodeDifferences(m.cells.At(was.cell(id)), m.cells.At(is.cell(id)))...)
		}
		for j := range i {
			add(m.describePair(was, protocols.NodeID(j+1), id), m.describePair(is, protocols.NodeID(j+1), id))
		}
	}
	if *was.history() != *is.history() {
		add("", "history: "+m.tellHistory(*is.history()))
	}
	if reason := m.monitors.At(*is.monitor()).reason; reason != m.monitors.At(*was.monitor()).reason {
		add("", "broken: "+reason)
	}
	return changes
}

func (m *Model) nodeDifferences(was, is *content) []explore.Change {
	var changes []explore.Change
	if was.Up != is.Up {
		words := map[bool]string{true: "up", false: "down"}
		changes = append(changes, explore.Change{
			Before: m.name(is.ID) + " is " + words[was.Up], After: m.name(is.ID) + " is " + words[is.Up],
		})
	}
	var diffs []state.Change
	if was.Up && is.Up {
		diffs = state.Diff(was.Node, is.Node)
	}
	for _, d := range append(diffs, state.Diff(was.Disk, is.Disk)...) {
		c := explore.Change{}
		if d.Before != "" {
			c.Before = fmt.Sprintf("%s.%s: %s", m.name(is.ID), d.Path, d.Before)
		}
		if d.After != "" {
			c.After = fmt.Sprintf("%s.%s: %s", m.name(is.ID), d.Path, d.After)
		}
		changes = append(changes, c)
	}
	return changes
}

func (m *Model) describePair(s *situation, a, b protocols.NodeID) string {
	p := m.pairs.At(s.words[m.pairAt(a, b)])
	var under [2][]string
	for direction, queue := range p.queues {
		for _, item := range queue {
			if item == 0 {
				under[direction] = append(under[direction], "(broken)")
			} else {
				under[direction] = append(under[direction], m.tellMessage(item-1))
			}
		}
	}
	return fmt.Sprintf("%s → %s: [%s]; back: [%s]", m.name(a), m.name(b), strings.Join(under[0], ", "), strings.Join(under[1], ", "))
}

// Actor implements explore.Acting: nodes step, then clients, then the faults.
func (m *Model) Actor(label explore.Label) int {
	a, b := int(label>>8&0xff), int(label>>16&0xff)
	switch label.Kind() {
	case kindDeliver, kindLearn, kindRequest, kindLate:
		return b - 1
	case kindFire, kindSync, kindRestart:
		return a - 1
	case kindInvoke, kindAnswer, kindExpire:
		return m.nodes + a
	}
	return m.nodes + len(m.config.Clients)
}

// Reason says in words what is broken in a state, "" if nothing is that the nodes'
// steps tell. What was broken on the way to where exploration begins says where.
func (m *Model) Reason(words []uint32) string {
	reason := func(words []uint32) string { return m.monitors.At(words[len(words)-2]).reason }
	why := reason(words)
	if why == "" || m.prologue == nil || reason(m.prologue.States[0]) != "" {
		return why
	}
	for i, label := range m.prologue.Steps {
		if reason(m.prologue.States[i+1]) != "" {
			return fmt.Sprintf("%s (at step %d on the way to where exploration begins: %s)", why, i+1, m.Explain(label))
		}
	}
	return why
}
