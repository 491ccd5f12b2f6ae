package scenarios

import (
	"slices"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// phases is an observer that knows when which kind of fault lasted: from what
// took effect, not from what the timeline wanted.
type phases struct {
	normal func(from, to protocols.NodeID) network.Conditions // of the links before all changes
	spans  []span
	bent   []network.Pair // links whose conditions are not normal
	rotten []protocols.NodeID
	cuts   map[string][]network.Pair // what each partition cut, by its name
}

// span is a time during which a fault lasted; to is sim.Forever while it still
// does. Its place is what it struck: a node, a cut by its name, or all links.
type span struct {
	kind     language.FaultKind
	place    place
	from, to time.Duration
}

// place is where a fault that lasts strikes. A fault that begins where one of
// its kind still lasts makes that last on: the two are one.
type place struct {
	fault sim.FaultKind
	node  protocols.NodeID
	cut   string
}

// Observe implements sim.Observer.
func (p *phases) Observe(w *sim.World, step *sim.Step) {
	now := step.Time
	switch {
	case step.Fault != nil:
		p.fault(w, step.Fault, now)
	case step.Stopped != 0:
		p.end(place{fault: sim.PauseNode, node: step.Stopped}, now) // who is down stands still no more
		p.begin(language.FaultCrash, place{fault: sim.CrashNode, node: step.Stopped}, now)
	case step.Choice.Kind == sim.Restart:
		p.end(place{fault: sim.CrashNode, node: step.Choice.Node}, now)
	case step.Choice.Kind == sim.Pause:
		p.begin(language.FaultPause, place{fault: sim.PauseNode, node: step.Choice.Node}, now)
	case step.Choice.Kind == sim.Resume:
		p.end(place{fault: sim.PauseNode, node: step.Choice.Node}, now)
	}
}

func (p *phases) fault(w *sim.World, f *sim.Fault, now time.Duration) {
	at := place{fault: f.Kind, node: f.Node}
	switch f.Kind {
	case sim.CutLinks:
		if p.cuts == nil {
			p.cuts = map[string][]network.Pair{}
		}
		p.cuts[f.Cut] = slices.Clone(f.Pairs)
		p.begin(language.FaultPartition, place{fault: sim.CutLinks, cut: f.Cut}, now)
	case sim.HealLinks:
		p.healed(&w.Network, now)
	case sim.SetLinks:
		p.bend(f)
		p.lasts(len(p.bent) > 0, language.FaultLinks, at, now)
	case sim.SlowNode:
		p.lasts(f.By > 0, language.FaultSlow, at, now)
	case sim.SlowDisk:
		p.lasts(f.By > 0, language.FaultDisk, at, now)
	case sim.FillDisk:
		p.lasts(f.On, language.FaultDisk, at, now)
	case sim.RotRecord, sim.RotMeta, sim.RotSnapshot, sim.LoseDisk:
		p.rotten = append(p.rotten, f.Node)
		p.strike(language.FaultDisk, now)
	case sim.FailForce:
		p.strike(language.FaultDisk, now)
	case sim.JumpClock, sim.DriftClock:
		p.strike(language.FaultClock, now)
	}
}

// strike records a fault of an instant.
func (p *phases) strike(kind language.FaultKind, now time.Duration) {
	p.spans = append(p.spans, span{kind: kind, from: now, to: now})
}

func (p *phases) lasts(on bool, kind language.FaultKind, at place, now time.Duration) {
	if on {
		p.begin(kind, at, now)
	} else {
		p.end(at, now)
	}
}

func (p *phases) begin(kind language.FaultKind, at place, now time.Duration) {
	if p.open(at) < 0 {
		p.spans = append(p.spans, span{kind: kind, place: at, from: now, to: sim.Forever})
	}
}

func (p *phases) end(at place, now time.Duration) {
	if i := p.open(at); i >= 0 {
		p.spans[i].to = now
	}
}

// open returns the position of what still lasts at a place, or -1.
func (p *phases) open(at place) int {
	return slices.IndexFunc(p.spans, func(s span) bool { return s.to == sim.Forever && s.place == at })
}

// healed ends the partitions of which no cut link is left.
func (p *phases) healed(n *network.Network, now time.Duration) {
	for i := range p.spans {
		s := &p.spans[i]
		if s.to == sim.Forever && s.place.fault == sim.CutLinks && !cutBy(n, s.place.cut) {
			s.to = now
		}
	}
}

// cutBy reports whether a partition of a name is in force.
func cutBy(n *network.Network, name string) bool {
	return slices.ContainsFunc(n.Partitions, func(p network.Partition) bool { return p.Name == name })
}

// bend takes up which links are not normal any more, and which are again.
func (p *phases) bend(f *sim.Fault) {
	for _, pair := range f.Pairs {
		at := slices.Index(p.bent, pair)
		switch bent := f.Conditions != p.normal(pair.From, pair.To); {
		case bent && at < 0:
			p.bent = append(p.bent, pair)
		case !bent && at >= 0:
			p.bent = slices.Delete(p.bent, at, at+1)
		}
	}
}

// faults returns the start of the first fault and the end of the last, which is
// sim.Forever if one still lasts; ok is false if there was none.
func (p *phases) faults() (from, to time.Duration, ok bool) {
	if len(p.spans) == 0 {
		return 0, 0, false
	}
	from = p.spans[0].from
	for _, s := range p.spans {
		from, to = min(from, s.from), max(to, s.to)
	}
	return from, to, true
}

// settled returns when a fault began or ended for the last time; 0 if there was
// none. From then on all stays as it is, which may be broken.
func (p *phases) settled() time.Duration {
	last := time.Duration(0)
	for _, s := range p.spans {
		last = max(last, s.from)
		if s.to != sim.Forever {
			last = max(last, s.to)
		}
	}
	return last
}

// impaired reports whether some fault of a node itself still lasts.
func (p *phases) impaired(node protocols.NodeID) bool {
	return slices.ContainsFunc(p.spans, func(s span) bool { return s.to == sim.Forever && s.place.node == node })
}

// damaged reports whether something on a node's disk rotted: it may have lost
// what it promised, and may have to stand aside.
func (p *phases) damaged(node protocols.NodeID) bool { return slices.Contains(p.rotten, node) }

// in reports whether an instant lies in a phase.
func (p *phases) in(phase language.Phase, at time.Duration) bool {
	from, to, faulty := p.faults()
	switch phase {
	case language.Always:
		return true
	case language.BeforeFaults:
		return !faulty || at < from
	case language.DuringFaults:
		return faulty && at >= from && at <= to
	case language.AfterFaults:
		return faulty && at > to
	case language.DuringPartition:
		return p.during(language.FaultPartition, at)
	case language.DuringCrash:
		return p.during(language.FaultCrash, at)
	case language.DuringPause:
		return p.during(language.FaultPause, at)
	}
	panic("scenarios: no phase " + string(phase))
}

func (p *phases) during(kind language.FaultKind, at time.Duration) bool {
	return slices.ContainsFunc(p.spans, func(s span) bool {
		return s.kind == kind && at >= s.from && at <= s.to
	})
}

// count returns how many faults of a kind took effect.
func (p *phases) count(kind language.FaultKind) int64 {
	n := int64(0)
	for _, s := range p.spans {
		if s.kind == kind {
			n++
		}
	}
	return n
}
