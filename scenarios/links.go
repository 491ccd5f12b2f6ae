package scenarios

import (
	"fmt"
	"slices"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// flap is a cut that comes and goes.
type flap struct {
	cut   string
	pairs []network.Pair // those that were healed are taken out
	every time.Duration
	until time.Duration
}

func (a *agenda) partition(p language.Partition) error {
	pairs := p.Cuts(len(a.run.Cluster.Nodes), a.resolve)
	if len(pairs) == 0 {
		return nil
	}
	cut := fmt.Sprintf("cut %d", a.number())
	if p.Every > 0 {
		f := &flap{cut: cut, pairs: pairs, every: p.Every, until: a.sim.World.Now + p.For}
		a.flaps = append(a.flaps, f)
		return a.flap(f)
	}
	a.later(p.For, func() error { return a.mend(cut) })
	return a.sim.Inflict(sim.Fault{Kind: sim.CutLinks, Pairs: pairs, Cut: cut})
}

// flap cuts now, heals after a while, and so on until an instant.
func (a *agenda) flap(f *flap) error {
	if len(f.pairs) == 0 {
		return nil // healed for good
	}
	now := a.sim.World.Now
	a.later(min(f.every, f.until-now), func() error { return a.mend(f.cut) })
	if next := now + 2*f.every; next < f.until {
		a.add(item{at: next, do: func() error { return a.flap(f) }})
	}
	return a.sim.Inflict(sim.Fault{Kind: sim.CutLinks, Pairs: slices.Clone(f.pairs), Cut: f.cut})
}

// mend ends a partition, unless it was healed before.
func (a *agenda) mend(cut string) error {
	if !cutBy(&a.sim.World.Network, cut) {
		return nil
	}
	return a.sim.Inflict(sim.Fault{Kind: sim.HealLinks, Cut: cut})
}

// heal ends partitions, as a whole or for some pairs, for good: what flaps does
// not cut these pairs any more.
func (a *agenda) heal(h language.Heal) error {
	fault := sim.Fault{Kind: sim.HealLinks}
	if !h.All {
		fault.Pairs = append(pairsAmong(a.resolveAll(h.Among)), language.ResolvePairs(h.Pairs, a.resolve)...)
		if len(fault.Pairs) == 0 {
			return nil
		}
	}
	for _, f := range a.flaps {
		f.pairs = slices.DeleteFunc(f.pairs, func(p network.Pair) bool { return h.All || slices.Contains(fault.Pairs, p) })
	}
	return a.sim.Inflict(fault)
}

// change is a change of links that is not over yet.
type change struct {
	number int
	pairs  []network.Pair
	to     language.ConditionsChange
}

// changeLinks changes links and puts the end on the agenda. Changes lie upon
// one another in the order in which they began; each ends for itself.
func (a *agenda) changeLinks(c language.LinksChange) error {
	pairs := language.ResolvePairs(c.Pairs, a.resolve)
	if c.Pairs == nil {
		pairs = pairsAmong(a.nodes())
	}
	mine := a.number()
	a.changes = append(a.changes, change{mine, pairs, c.Change})
	a.later(c.For, func() error {
		a.changes = slices.DeleteFunc(a.changes, func(c change) bool { return c.number == mine })
		return a.setLinks(pairs)
	})
	return a.setLinks(pairs)
}

// setLinks gives pairs the conditions that they are to have now. Pairs with
// equal conditions change in one step.
func (a *agenda) setLinks(pairs []network.Pair) error {
	pairs = slices.Clone(pairs)
	for len(pairs) > 0 {
		fault := sim.Fault{Kind: sim.SetLinks, Conditions: a.conditions(pairs[0])}
		pairs = slices.DeleteFunc(pairs, func(p network.Pair) bool {
			if a.conditions(p) != fault.Conditions {
				return false
			}
			if a.sim.Conditions(p.From, p.To) != fault.Conditions {
				fault.Pairs = append(fault.Pairs, p)
			}
			return true
		})
		if len(fault.Pairs) == 0 {
			continue
		}
		if err := a.sim.Inflict(fault); err != nil {
			return err
		}
	}
	return nil
}

// conditions returns what a pair is to have now: what it had at the start, with
// all changes that last.
func (a *agenda) conditions(pair network.Pair) network.Conditions {
	conditions := a.run.Links.Of(pair.From, pair.To)
	for _, c := range a.changes {
		if slices.Contains(c.pairs, pair) {
			conditions = c.to.On(conditions)
		}
	}
	return conditions
}

func (a *agenda) nodes() []protocols.NodeID {
	var all []protocols.NodeID
	for _, node := range a.run.Cluster.Nodes {
		all = append(all, node.ID)
	}
	return all
}

// pairsAmong returns all ordered pairs of different nodes.
func pairsAmong(nodes []protocols.NodeID) []network.Pair {
	var pairs []network.Pair
	for _, from := range nodes {
		for _, to := range nodes {
			if from != to {
				pairs = append(pairs, network.Pair{From: from, To: to})
			}
		}
	}
	return pairs
}
