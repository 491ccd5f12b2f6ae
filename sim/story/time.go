package story

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// settleMax is after how many choices a cluster that does not come to rest by
// itself is given up.
const settleMax = 10_000

// settle lets all packets arrive and all forces complete, and what follows
// from them, without a timer.
func (p *player) settle(words []string) error {
	if len(words) > 0 {
		return errors.New("settle stands alone")
	}
	for range settleMax {
		moved, err := p.settleOne()
		if err != nil || !moved {
			return err
		}
	}
	return errors.New("it does not come to rest: messages lead to messages for ever")
}

// settleOne moves the oldest packet that can, else completes a force.
func (p *player) settleOne() (moved bool, err error) {
	pairs, _ := p.links(nil)
	for _, q := range p.flying(pairs) {
		if p.sim.Held(q.from, q.to) {
			continue
		}
		if done, err := p.move(sim.Deliver, q); err != nil || done {
			return done, err
		}
	}
	for i := range p.sim.World.Nodes {
		cell := &p.sim.World.Nodes[i]
		if !cell.Up || cell.Disk.Syncing == 0 {
			continue
		}
		if done, err := p.choose(sim.Choice{Kind: sim.Sync, Node: cell.ID}); err != nil || done {
			return done, err
		}
	}
	return false, nil
}

// untilMax is how much time "run until" takes at most, unless told otherwise.
const untilMax = time.Minute

// run lets time pass: DURATION, or until CONDITION [within DURATION].
func (p *player) run(words []string) error {
	if len(words) == 0 {
		return errors.New("write \"run DURATION\" or \"run until CONDITION\"")
	}
	p.brief = p.asked != "closely"
	p.count.delivered, p.count.lost, p.count.forces = 0, 0, 0
	start := p.sim.World.Now
	if words[0] != "until" {
		d, err := time.ParseDuration(words[0])
		if err != nil || len(words) > 1 || d <= 0 {
			return fmt.Errorf("%q is no duration", strings.Join(words, " "))
		}
		if _, err := p.sim.RunUntil(start+d, nil); err != nil {
			return err
		}
		p.summarize("")
		return nil
	}
	limit := untilMax
	words = words[1:]
	if at := slices.Index(words, "within"); at >= 0 {
		d, err := time.ParseDuration(strings.Join(words[at+1:], " "))
		if err != nil || d <= 0 {
			return fmt.Errorf("within %q: no duration", strings.Join(words[at+1:], " "))
		}
		limit, words = d, words[:at]
	}
	holds, err := p.condition(words)
	if err != nil {
		return err
	}
	stopped := holds()
	if !stopped {
		if stopped, err = p.sim.RunUntil(start+limit, holds); err != nil {
			return err
		}
	}
	p.summarize(fmt.Sprintf("after %v: ", (p.sim.World.Now - start).Round(time.Millisecond)))
	if !stopped {
		return fmt.Errorf("it did not come to that within %v", limit)
	}
	return nil
}

func (p *player) summarize(when string) {
	p.say("  (%sarrived %d, lost %d, forced %d)", when, p.count.delivered, p.count.lost, p.count.forces)
}

// condition returns what tells whether the words came true since now.
func (p *player) condition(words []string) (func() bool, error) {
	switch {
	case len(words) == 0:
		return nil, errors.New("until what?")
	case len(words) == 1 && words[0] == "quiet":
		return p.quiet, nil
	case len(words) == 3 && strings.Join(words[1:], " ") == "is answered":
		client := p.clientNamed(words[0])
		if client == 0 {
			return nil, fmt.Errorf("no client %q", words[0])
		}
		if _, answered := p.answers[client]; !answered && !p.sim.World.Clients[client-1].Open {
			return nil, fmt.Errorf("%s asked for nothing", words[0])
		}
		return func() bool { return !p.sim.World.Clients[client-1].Open }, nil
	}
	what, at := words, protocols.NodeID(0)
	if slices.Contains(words, "at") {
		var err error
		if what, at, err = p.at(words); err != nil {
			return nil, err
		}
	}
	from, phrase := len(p.notes), strings.Join(what, " ")
	return func() bool { return p.countNotes(from, phrase, at) > 0 }, nil
}

// quiet tells whether nothing moves but timers.
func (p *player) quiet() bool {
	for i := range p.sim.World.Network.Links {
		link := &p.sim.World.Network.Links[i]
		if len(link.Queue) > 0 && !p.sim.Held(link.From, link.To) {
			return false
		}
	}
	for i := range p.sim.World.Nodes {
		if cell := &p.sim.World.Nodes[i]; cell.Up && cell.Disk.Syncing > 0 {
			return false
		}
	}
	return !slices.ContainsFunc(p.sim.World.Calls, func(c sim.Call) bool { return !c.Waiting || c.Answered })
}

// countNotes counts the notes of a kind, of a text (in quotes) or of both (the
// text then without), from a position on; at a node, or (0) anywhere.
func (p *player) countNotes(from int, phrase string, at protocols.NodeID) (n int) {
	for _, noted := range p.notes[from:] {
		kind, text := string(noted.note.Kind), noted.note.Text
		if (at == 0 || at == noted.node) && (phrase == kind || phrase == `"`+text+`"` || phrase == kind+" "+text) {
			n++
		}
	}
	return n
}

// fromHere: here on.
func (p *player) fromHere(words []string) error {
	if strings.Join(words, " ") != "here on" {
		return errors.New("write \"from here on\"")
	}
	p.notes, p.sent = nil, nil
	return nil
}
