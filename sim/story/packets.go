package story

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// packet is a message in flight, or the news of a broken stream.
type packet struct {
	from, to protocols.NodeID
	id       uint64
	kind     string
}

// breakKind is the kind of the news that a stream broke.
const breakKind = "break"

// flying returns what is in flight on some links, in the order sent.
func (p *player) flying(pairs []network.Pair) (packets []packet) {
	for _, pair := range pairs {
		for _, q := range p.sim.World.Network.Link(pair.From, pair.To).Queue {
			kind := breakKind
			if !q.Break {
				kind = kindOf(q.Message)
			}
			packets = append(packets, packet{pair.From, pair.To, q.ID, kind})
		}
	}
	slices.SortFunc(packets, func(a, b packet) int { return cmp.Compare(a.id, b.id) })
	return packets
}

// pick reads which packets are meant: [next|last|all] [TYPE] [LINKS].
func (p *player) pick(words []string) (picked []packet, all bool, err error) {
	which := "next"
	if len(words) > 0 && slices.Contains([]string{"next", "last", "all"}, words[0]) {
		which, words = words[0], words[1:]
	}
	kind := ""
	if len(words) > 0 && !isLinks(words) {
		kind, words = words[0], words[1:]
	}
	pairs, err := p.links(words)
	if err != nil {
		return nil, false, err
	}
	there := p.flying(pairs)
	for _, q := range there {
		if kind == "" || q.kind == kind {
			picked = append(picked, q)
		}
	}
	switch {
	case len(picked) == 0:
		return nil, false, fmt.Errorf("no such packet is in flight: there %s", list(p, there))
	case which == "next":
		picked = picked[:1]
	case which == "last":
		picked = picked[len(picked)-1:]
	}
	return picked, which == "all", nil
}

// list names packets.
func list(p *player, packets []packet) string {
	if len(packets) == 0 {
		return "is nothing"
	}
	var names []string
	for _, q := range packets {
		names = append(names, q.kind+" "+p.way(q))
	}
	return "are " + strings.Join(names, ", ")
}

func (p *player) way(q packet) string { return p.name(q.from) + "→" + p.name(q.to) }

// isLinks tells whether words name links.
func isLinks(words []string) bool {
	return strings.ContainsAny(words[0], "→↔") ||
		len(words) > 1 && slices.Contains([]string{"from", "to", "around"}, words[0])
}

// links reads LINKS; no words stand for all.
func (p *player) links(words []string) (pairs []network.Pair, err error) {
	n := len(p.sim.World.Nodes)
	if len(words) == 0 {
		for i := range n * n {
			if from, to := protocols.NodeID(i/n+1), protocols.NodeID(i%n+1); from != to {
				pairs = append(pairs, network.Pair{From: from, To: to})
			}
		}
		return pairs, nil
	}
	if len(words) == 2 && isLinks(words) {
		id, err := p.node(words[1])
		if err != nil {
			return nil, err
		}
		for _, pair := range network.Isolate(n, id) {
			if words[0] == "around" || (words[0] == "from") == (pair.From == id) {
				pairs = append(pairs, pair)
			}
		}
		return pairs, nil
	}
	for _, word := range words {
		a, b, oneWay := strings.Cut(word, "→")
		if !oneWay {
			var both bool
			if a, b, both = strings.Cut(word, "↔"); !both {
				return nil, fmt.Errorf("%q is no link: write n1→n2, n1↔n2, from n1, to n2 or around n1", word)
			}
		}
		ends, err := p.nodes([]string{a, b})
		if err != nil {
			return nil, err
		}
		if ends[0] == ends[1] {
			return nil, errors.New("a node has no link to itself")
		}
		pairs = append(pairs, network.Pair{From: ends[0], To: ends[1]})
		if !oneWay {
			pairs = append(pairs, network.Pair{From: ends[1], To: ends[0]})
		}
	}
	return pairs, nil
}

// move makes a choice about a packet.
func (p *player) move(kind sim.Kind, q packet) (done bool, err error) {
	p.moved = q
	defer func() { p.moved = packet{} }()
	return p.choose(sim.Choice{Kind: kind, Node: q.from, Peer: q.to, ID: q.id})
}

// handle does to packets what the words say.
func (p *player) handle(kind sim.Kind, words []string) error {
	picked, all, err := p.pick(words)
	if err != nil {
		return err
	}
	moved := 0
	for _, q := range picked {
		if all && p.sim.Held(q.from, q.to) {
			continue
		}
		done, err := p.move(kind, q)
		switch {
		case err != nil:
			return err
		case done:
			moved++
		case !all:
			return errors.New(p.stuck(kind, q))
		}
	}
	if moved == 0 {
		return errors.New("nothing of that can move: " + p.stuck(kind, picked[0]))
	}
	return nil
}

// stuck says why a packet cannot be moved so.
func (p *player) stuck(kind sim.Kind, q packet) string {
	link := p.sim.World.Network.Link(q.from, q.to)
	at, flying := link.Index(q.id)
	switch {
	case !flying:
		return "the packet is gone"
	case kind != sim.Deliver && link.Kind == protocols.Stream:
		return "a stream neither loses nor doubles a packet: break it, or corrupt one"
	case p.sim.Held(q.from, q.to):
		return p.way(q) + " is held"
	case p.cell(q.to).Paused:
		return p.name(q.to) + " is paused"
	case at > 0 && link.Kind == protocols.Stream:
		return fmt.Sprintf("on the stream %s %s comes before it", p.way(q), p.flying([]network.Pair{{From: q.from, To: q.to}})[0].kind)
	case !p.sim.World.Network.Reachable(q.from, q.to):
		return p.way(q) + " is cut"
	}
	return "it cannot be"
}

func (p *player) deliver(words []string) error   { return p.handle(sim.Deliver, words) }
func (p *player) drop(words []string) error      { return p.handle(sim.Drop, words) }
func (p *player) duplicate(words []string) error { return p.handle(sim.Duplicate, words) }
func (p *player) corrupt(words []string) error   { return p.handle(sim.Corrupt, words) }

func (p *player) hold(words []string) error {
	pairs, err := p.links(words)
	if err == nil {
		p.sim.Hold(pairs)
	}
	return err
}

func (p *player) release(words []string) error {
	pairs, err := p.links(words)
	if err == nil {
		p.sim.Release(pairs)
	}
	return err
}

func (p *player) cut(words []string) error {
	if len(words) == 0 {
		return errors.New("name the links to cut")
	}
	pairs, err := p.links(words)
	if err != nil {
		return err
	}
	return p.cutAll(pairs)
}

func (p *player) cutAll(pairs []network.Pair) error {
	p.cuts++
	return p.inflict(sim.Fault{Kind: sim.CutLinks, Cut: fmt.Sprintf("cut %d", p.cuts), Pairs: pairs})
}

// split: n1 n2 | n3 n4 n5.
func (p *player) split(words []string) error {
	groups := [][]protocols.NodeID{nil}
	for _, word := range words {
		if word == "|" {
			groups = append(groups, nil)
			continue
		}
		id, err := p.node(word)
		if err != nil {
			return err
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], id)
	}
	if len(groups) < 2 || slices.ContainsFunc(groups, func(g []protocols.NodeID) bool { return len(g) == 0 }) {
		return errors.New("write the groups with | between them")
	}
	return p.cutAll(network.Split(groups...))
}

func (p *player) heal(words []string) error {
	f := sim.Fault{Kind: sim.HealLinks}
	if len(words) > 0 {
		pairs, err := p.links(words)
		if err != nil {
			return err
		}
		f.Pairs = pairs
	}
	return p.inflict(f)
}

// breakStream: n1↔n2 [keeping all].
func (p *player) breakStream(words []string) error {
	words, keep, err := keeping(words)
	if err != nil {
		return err
	}
	if len(words) != 1 || keep > 0 {
		return errors.New("write \"break n1↔n2 [keeping all]\"")
	}
	pairs, err := p.links(words)
	if err != nil {
		return err
	}
	c := sim.Choice{Kind: sim.Break, Node: pairs[0].From, Peer: pairs[0].To}
	if keep == keepAll {
		c.Keep = uint32(p.sim.World.Network.InFlight(c.Node, c.Peer))
		c.ID = uint64(p.sim.World.Network.InFlight(c.Peer, c.Node))
	}
	done, err := p.choose(c)
	if err == nil && !done {
		return errors.New("there is no stream between them")
	}
	return err
}
