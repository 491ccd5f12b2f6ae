package world

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"quorumlab/checker/explore"
	"quorumlab/protocols"
)

// Before exploration begins a script may lead the world to where something is
// at stake: act by act, and after each all that is under way is carried out, in one
// order. What an act does costs no budget.
//
//	ask C        client C begins its next command
//	expire C     client C waits no longer
//	crash N      node N crashes; nothing of what it wrote is lost
//	lose N       node N crashes; what was not forced is lost
//	restart N    it restarts
//	cut N        it is cut off from all others
//	heal         the cut ends
//	break N M    the stream between two nodes breaks
//	fire N NAME  a timer of node N runs out
//	deliver N M  the first that is under way from node N arrives at node M
//	sync N       the disk of node N completes a force
//	lead         timers run out, one after the other, until the leader of the
//	             highest term runs and is not cut off
//
// N is the name of a node, or leader: that of the highest term. After "only", as in
// "only ask c1", what is under way stays so.

// scripted has, of each act, the kind of its step and what its words name.
var scripted = map[string]struct {
	kind int
	args []string
}{
	"ask": {kindInvoke, []string{"client"}}, "expire": {kindExpire, []string{"client"}},
	"crash": {kindCrash, []string{"node"}}, "lose": {kindCrash, []string{"node"}}, "restart": {kindRestart, []string{"node"}},
	"cut": {kindCut, []string{"node"}}, "heal": {kindHeal, nil},
	"deliver": {kindDeliver, []string{"node", "node"}}, "sync": {kindSync, []string{"node"}},
	"break": {kindBreak, []string{"node", "node"}}, "fire": {kindFire, []string{"node", "timer"}},
}

// script leads the world on from the end of the prologue.
func (m *Model) script(stepper *explore.Stepper) error {
	for i, text := range m.config.Limits.Before {
		words := strings.Fields(text)
		only := len(words) > 0 && words[0] == "only"
		if only {
			words = words[1:]
		}
		if err := m.act(stepper, words); err != nil {
			return fmt.Errorf("before: act %d (%s): %w", i+1, text, err)
		}
		if only {
			continue
		}
		if err := m.rest(stepper); err != nil {
			return fmt.Errorf("before: after act %d (%s): %w", i+1, text, err)
		}
	}
	return nil
}

// act makes the step that a line of the script asks for.
func (m *Model) act(stepper *explore.Stepper, words []string) error {
	if len(words) == 1 && words[0] == "lead" {
		return m.lead(stepper)
	}
	if len(words) == 0 {
		return fmt.Errorf("an act is missing")
	}
	what, known := scripted[words[0]]
	if !known {
		return fmt.Errorf("use ask, expire, crash, lose, restart, cut, heal, break, fire, deliver, sync or lead")
	}
	if len(words)-1 != len(what.args) {
		return fmt.Errorf("expected: %s", strings.Join(append(words[:1], what.args...), " "))
	}
	var args []int
	for i, arg := range what.args {
		n, err := m.named(arg, words[i+1])
		if err != nil {
			return err
		}
		args = append(args, n)
	}
	if what.kind == kindBreak {
		slices.Sort(args)
	}
	next, labels := stepper.Next(m.here())
	at := -1
	for i, label := range labels {
		crash := words[0] == "crash" // the last: all that it wrote is kept
		if (at < 0 || crash) && label.Kind() == what.kind && m.matches(label, what.kind, args, words) {
			at = i
		}
	}
	if at < 0 {
		return fmt.Errorf("that cannot happen here")
	}
	m.take(next[at], labels[at])
	return nil
}

// matches reports whether a step is the one that an act asks for.
func (m *Model) matches(label explore.Label, kind int, args []int, words []string) bool {
	a, b, c := int(label>>8&0xff), int(label>>16&0xff), uint32(label>>24)
	switch kind {
	case kindHeal:
		return true
	case kindBreak, kindDeliver:
		return a == args[0] && b == args[1]
	case kindFire:
		return a == args[0] && m.values.At(c) == words[2]
	}
	return a == args[0]
}

// named returns the number of what a word of a script names.
func (m *Model) named(arg, name string) (int, error) {
	switch arg {
	case "client":
		at := slices.IndexFunc(m.config.Clients, func(c Client) bool { return c.Name == name })
		if at < 0 {
			return 0, fmt.Errorf("no client %s", name)
		}
		return at, nil
	case "node":
		if leader, _ := m.leader(); name == "leader" && leader != 0 {
			return int(leader), nil
		}
		at := slices.Index(m.config.Names, name)
		if at < 0 {
			return 0, fmt.Errorf("no node %s", name)
		}
		return at + 1, nil
	}
	return 0, nil
}

// leader returns who leads the highest term, 0 if none is led.
func (m *Model) leader() (leader protocols.NodeID, term uint64) {
	words := m.here()
	for _, f := range m.monitors.At(words[len(words)-2]).facts {
		if f.kind == ledBy && f.number >= term {
			leader, term = protocols.NodeID(f.value), f.number
		}
	}
	return leader, term
}

// lead has timers run out until there is a leader.
func (m *Model) lead(stepper *explore.Stepper) error {
	last := 0
	for len(m.prologue.Steps) < startMax {
		words := m.here()
		s := &situation{m: m, words: words}
		if leader, _ := m.leader(); leader != 0 && leader < math.MaxUint8 && m.cells.At(s.cell(leader)).Up &&
			words[len(words)-1]>>isolated != uint32(leader) {
			return nil
		}
		next, labels := stepper.Next(words)
		at := nextTimer(labels, last)
		if at < 0 {
			return fmt.Errorf("%s comes to rest, and no leader is established", m.config.Protocol.Name)
		}
		last = int(labels[at] >> 8 & 0xff)
		m.take(next[at], labels[at])
		if err := m.rest(stepper); err != nil {
			return err
		}
	}
	return m.endless()
}

// rest carries out what is under way, disks before links.
func (m *Model) rest(stepper *explore.Stepper) error {
	for len(m.prologue.Steps) < startMax {
		next, labels := stepper.Next(m.here())
		at := slices.IndexFunc(labels, func(l explore.Label) bool {
			return ordinary[l.Kind()] && l.Kind() != kindInvoke
		})
		if at < 0 {
			return nil
		}
		m.take(next[at], labels[at])
	}
	return m.endless()
}

func (m *Model) endless() error {
	return fmt.Errorf("after %s steps of booting %s has not come to where exploration begins", strconv.Itoa(startMax), m.config.Protocol.Name)
}

// here returns the last state of the prologue.
func (m *Model) here() []uint32 { return m.prologue.States[len(m.prologue.Steps)] }

// take adds a step to the prologue. It costs no budget.
func (m *Model) take(state []uint32, label explore.Label) {
	state[len(state)-1] &^= 1<<isolated - 1
	m.prologue.States, m.prologue.Steps = append(m.prologue.States, state), append(m.prologue.Steps, label)
}
