package scenarios

import (
	"fmt"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

func (a *agenda) partition(p language.Partition) error {
	pairs := p.Cuts(len(a.run.Cluster.Nodes), a.resolve)
	if len(pairs) == 0 {
		return nil
	}
	a.cuts++
	cut := fmt.Sprintf("cut %d", a.cuts)
	if p.Every == 0 {
		return a.cutFor(p, cut, pairs)
	}
	return a.flap(p, cut, pairs, a.sim.World.Now+p.For)
}

func (a *agenda) cutFor(p language.Partition, cut string, pairs []network.Pair) error {
	a.phases.cut(cut, a.sim.World.Now)
	a.later(p.For, func() error { return a.mend(cut) })
	return a.sim.Inflict(sim.Fault{Kind: sim.CutLinks, Pairs: pairs, Cut: cut})
}

// flap cuts now, heals after Every, and so on until an instant.
func (a *agenda) flap(p language.Partition, cut string, pairs []network.Pair, until time.Duration) error {
	a.phases.cut(cut, a.sim.World.Now)
	a.later(min(p.Every, until-a.sim.World.Now), func() error {
		if next := a.sim.World.Now + p.Every; next < until {
			a.add(item{at: next, end: func() error { return a.flap(p, cut, pairs, until) }})
		}
		return a.mend(cut)
	})
	return a.sim.Inflict(sim.Fault{Kind: sim.CutLinks, Pairs: pairs, Cut: cut})
}

func (a *agenda) mend(cut string) error {
	a.phases.mend(cut, a.sim.World.Now)
	return a.sim.Inflict(sim.Fault{Kind: sim.HealLinks, Cut: cut})
}

// heal ends partitions, as a whole or for some pairs.
func (a *agenda) heal(h language.Heal) error {
	fault := sim.Fault{Kind: sim.HealLinks}
	if !h.All {
		among := a.resolveAll(h.Among)
		for _, from := range among {
			for _, to := range among {
				if from != to {
					fault.Pairs = append(fault.Pairs, network.Pair{From: from, To: to})
				}
			}
		}
		fault.Pairs = append(fault.Pairs, language.ResolvePairs(h.Pairs, a.resolve)...)
		if len(fault.Pairs) == 0 {
			return nil
		}
	}
	err := a.sim.Inflict(fault)
	a.phases.healed(&a.sim.World.Network, a.sim.World.Now)
	return err
}

func (a *agenda) changeLinks(c language.LinksChange) error {
	pairs := language.ResolvePairs(c.Pairs, a.resolve)
	if c.Pairs == nil {
		pairs = allPairs(len(a.run.Cluster.Nodes))
	}
	a.changes++
	a.phases.begin(language.FaultLinks, a.sim.World.Now)
	change := a.changes
	a.later(c.For, func() error {
		a.phases.end(language.FaultLinks, a.sim.World.Now)
		if change != a.changes {
			return nil // a later change holds now
		}
		return a.setLinks(pairs, language.ConditionsChange{})
	})
	return a.setLinks(pairs, c.Change)
}

// setLinks gives pairs their conditions before all changes, changed. Pairs with
// equal conditions change in one step.
func (a *agenda) setLinks(pairs []network.Pair, change language.ConditionsChange) error {
	for len(pairs) > 0 {
		of := func(p network.Pair) network.Conditions { return change.On(a.run.Links.Of(p.From, p.To)) }
		fault := sim.Fault{Kind: sim.SetLinks, Conditions: of(pairs[0])}
		var rest []network.Pair
		for _, pair := range pairs {
			if of(pair) == fault.Conditions {
				fault.Pairs = append(fault.Pairs, pair)
			} else {
				rest = append(rest, pair)
			}
		}
		if err := a.sim.Inflict(fault); err != nil {
			return err
		}
		pairs = rest
	}
	return nil
}

func allPairs(nodes int) []network.Pair {
	var pairs []network.Pair
	for from := range protocols.NodeID(nodes) {
		for to := range protocols.NodeID(nodes) {
			if from != to {
				pairs = append(pairs, network.Pair{From: from + 1, To: to + 1})
			}
		}
	}
	return pairs
}
