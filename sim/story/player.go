package story

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"quorumlab/protocols"
	"quorumlab/protocols/hint"
	"quorumlab/sim"
)

// player plays one tale.
type player struct {
	suite Suite
	sim   *sim.Simulator
	text  strings.Builder
	// brief: steps are told by their notes and answers alone. asked is what a
	// line asked for, "" if nothing.
	brief bool
	asked string
	// muted: nothing is told.
	muted bool
	// notes and sent are what nodes noted and sent since the start or the last
	// "from here on"; answers is what each client was last told.
	notes   []noted
	sent    []message
	answers map[protocols.ClientID]string
	// moved is the packet that is being moved by hand, if its kind is not "".
	moved packet
	cuts  int
	count struct{ delivered, lost, forces int }
}

// noted is a note that a node made.
type noted struct {
	node protocols.NodeID
	note protocols.Note
}

// message is one that was sent.
type message struct {
	from, to protocols.NodeID
	kind     string
}

// unmet is an expectation that does not hold: the tale goes on.
type unmet struct{ what string }

func (e unmet) Error() string { return e.what }

func isUnmet(err error) bool {
	var e unmet
	return errors.As(err, &e)
}

type command func(p *player, words []string) error

// commands lists the verbs of a script, but for what clients do.
func commands() map[string]command {
	return map[string]command{
		"boot": (*player).boot, "restart": (*player).boot, "crash": (*player).crash,
		"pause": (*player).pause, "resume": (*player).resume,
		"sync": (*player).sync, "fail": (*player).failSync, "fire": (*player).fire,
		"rot": (*player).rot, "fill": (*player).fillDisk, "free": (*player).freeDisk, "lose": (*player).loseDisk,
		"drift": (*player).clock, "jump": (*player).clock,
		"deliver": (*player).deliver, "drop": (*player).drop,
		"duplicate": (*player).duplicate, "corrupt": (*player).corrupt,
		"hold": (*player).hold, "release": (*player).release,
		"cut": (*player).cut, "split": (*player).split, "heal": (*player).heal, "break": (*player).breakStream,
		"settle": (*player).settle, "run": (*player).run,
		"from": (*player).fromHere, "expect": (*player).expect, "each": (*player).each,
	}
}

// perform plays one line of a script.
func (p *player) perform(text string) error {
	if strings.HasPrefix(text, "#") {
		if p.text.Len() > 0 {
			p.text.WriteByte('\n')
		}
		fmt.Fprintln(&p.text, text)
		return nil
	}
	fmt.Fprintln(&p.text, text)
	words := strings.Fields(strings.NewReplacer("<->", "↔", "->", "→").Replace(text))
	p.brief, p.asked = false, ""
	if first := words[0]; (first == "closely" || first == "quietly") && len(words) > 1 {
		p.brief, p.asked = first == "quietly", first
		words = words[1:]
	}
	if id := p.clientNamed(words[0]); id != 0 {
		return p.clientDoes(id, words[1:])
	}
	known := commands()
	do := known[words[0]]
	if do == nil {
		verbs := slices.Concat(slices.Sorted(maps.Keys(known)), p.clientNames())
		return fmt.Errorf("no command %q: %s", words[0], hint.For(words[0], verbs))
	}
	return do(p, words[1:])
}

func (p *player) say(format string, args ...any) {
	if !p.muted {
		fmt.Fprintf(&p.text, format+"\n", args...)
	}
}

// name returns a node's name.
func (p *player) name(id protocols.NodeID) string {
	if name := p.sim.World.Setup().Name(id); name != "" {
		return name
	}
	return "nobody"
}

func (p *player) cell(id protocols.NodeID) *sim.Cell { return &p.sim.World.Nodes[id-1] }

// node returns the node of a name.
func (p *player) node(name string) (protocols.NodeID, error) {
	known := p.sim.World.Setup().Names
	if at := slices.Index(known, name); at >= 0 {
		return protocols.NodeID(at + 1), nil
	}
	return 0, fmt.Errorf("no node %q: %s", name, hint.For(name, known))
}

// nodes returns the nodes of some names, or all.
func (p *player) nodes(names []string) (ids []protocols.NodeID, err error) {
	if len(names) == 0 {
		return nil, errors.New("name the nodes")
	}
	if len(names) == 1 && names[0] == "all" {
		names = p.sim.World.Setup().Names
	}
	for _, name := range names {
		id, err := p.node(name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// choose makes a choice, and lets clients and nodes that sit beside each other
// hear at once.
func (p *player) choose(c sim.Choice) (done bool, err error) {
	done, err = p.sim.Choose(c)
	if err != nil {
		return done, err
	}
	return done, p.carry()
}

// inflict has a fault strike.
func (p *player) inflict(f sim.Fault) error {
	if err := p.sim.Inflict(f); err != nil {
		return err
	}
	return p.carry()
}

// carry takes requests and answers where they go.
func (p *player) carry() error {
	for again := true; again; {
		again = false
		for _, call := range slices.Clone(p.sim.World.Calls) {
			done, err := p.sim.Choose(sim.Choice{Kind: sim.Arrive, ID: call.ID})
			if err != nil {
				return err
			}
			again = again || done
		}
	}
	return nil
}
