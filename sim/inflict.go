package sim

import (
	"slices"

	"quorumlab/network"
	"quorumlab/protocols"
)

// Inflict lets a fault strike now, or end. An observer sees it as a step. A
// node that panics while it boots ends in an error of type *Failure.
func (s *Simulator) Inflict(f Fault) (err error) {
	defer s.rescue(&err)
	switch f.Kind {
	case CrashNode:
		if f.Power {
			s.cutPower(f.Node)
		}
		s.crash(f.Node, f.Keep, f.Torn)
	case RestartNode:
		// What waited for a force of this life that never came is called off.
		s.nodes[f.Node-1].traps = nil
		if disk := &s.World.cell(f.Node).Disk; disk.Failing {
			disk.Failing = false
			s.unseen = append(s.unseen, Unseen{After: s.Steps, CalledOff: f.Node})
		}
		s.choose(Choice{Kind: Restart, Node: f.Node})
	case PauseNode:
		s.choose(Choice{Kind: Pause, Node: f.Node})
	case ResumeNode:
		s.choose(Choice{Kind: Resume, Node: f.Node})
		s.undefer(f.Node)
	case BreakStream:
		for _, pair := range f.Pairs {
			s.choose(Choice{Kind: Break, Node: pair.From, Peer: pair.To})
		}
	default:
		s.inflict(f)
	}
	return s.auditor.failure
}

// inflict does the faults that are no choice of the world.
func (s *Simulator) inflict(f Fault) {
	switch f.Kind {
	case CrashAtSync:
		host := &s.nodes[f.Node-1]
		host.traps = append(host.traps, trap{fault: f, left: f.Count})
	case SlowNode:
		s.nodes[f.Node-1].slow = f.By
	case SlowDisk:
		s.nodes[f.Node-1].diskSlow = f.By
	case SetLinks:
		s.setLinks(f.Pairs, f.Conditions)
	case DriftClock:
		s.redraw(f.Node, f.Drift)
	}
	s.step.Number, s.step.Time = s.Steps+1, s.World.Now
	s.World.inflict(&f, &s.step)
	s.finish()
	if f.Kind == HealLinks || f.Kind == CutLinks { // a cut replaces one of its name
		s.resume()
	}
}

func (s *Simulator) setLinks(pairs []network.Pair, c network.Conditions) {
	for i := range s.links {
		pair := network.Pair{From: protocols.NodeID(i/len(s.nodes) + 1), To: protocols.NodeID(i%len(s.nodes) + 1)}
		if pairs == nil || slices.Contains(pairs, pair) {
			s.links[i].conditions = c
		}
	}
}

// Conditions returns what holds on an ordered pair now.
func (s *Simulator) Conditions(from, to protocols.NodeID) network.Conditions {
	return s.link(from, to).conditions
}

// crash stops a node; keep of its unforced writes are on the disk, all if it is
// negative or more than there are.
func (s *Simulator) crash(node protocols.NodeID, keep int, torn bool) {
	cell := s.World.cell(node)
	unforced := cell.Disk.Unforced()
	if keep < 0 || keep > unforced {
		keep = unforced
	}
	c := Choice{Kind: Crash, Node: node, Keep: uint32(keep)}
	if torn && keep < unforced {
		c.ID = 1
	}
	s.choose(c)
}

// undefer lets come anew what came while a node was paused, now that it goes
// on, or is down: a datagram is lost then, a request refused.
func (s *Simulator) undefer(node protocols.NodeID) {
	host := &s.nodes[node-1]
	for _, d := range host.deferred {
		s.schedule(s.World.Now, d.choice)
	}
	host.deferred = nil
}

// springTrap crashes the node if a trap is set for this fsync boundary: before
// the force completes, or right after, when the node does not know of it yet.
func (s *Simulator) springTrap(c Choice) bool {
	cell, host := s.World.cell(c.Node), &s.nodes[c.Node-1]
	if len(host.traps) == 0 || !cell.Up || cell.Disk.Syncing == 0 {
		return false
	}
	for i := range host.traps {
		host.traps[i].left--
	}
	at := slices.IndexFunc(host.traps, func(t trap) bool { return t.left == 0 })
	if at < 0 {
		return false
	}
	f := host.traps[at].fault
	host.traps = slices.DeleteFunc(host.traps, func(t trap) bool { return t.left == 0 })
	keep := f.Keep
	if !f.Before && keep >= 0 {
		keep = max(keep, cell.Disk.Forced())
	}
	if f.Power {
		s.cutPower(c.Node)
	}
	s.crash(c.Node, keep, f.Torn)
	return true
}

// forceOutcome turns the end of a force into an error where the disk is full
// or fails. What such a force left on the disk is drawn: nobody may rely on it.
func (s *Simulator) forceOutcome(c Choice) Choice {
	cell := s.World.cell(c.Node)
	if !cell.Up || cell.Disk.Syncing == 0 || !(cell.Disk.Full || cell.Disk.Failing) {
		return c
	}
	host := &s.nodes[c.Node-1]
	c.Kind = FailSync
	c.Keep = uint32(network.Below(&host.disk, uint64(cell.Disk.Unforced())+1))
	return c
}
