package scenarios

import (
	"slices"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// phases knows when which kind of fault lasted.
type phases struct {
	spans []span
	// open cuts, by name, and nodes that are down.
	cuts []string
	down []protocols.NodeID
	now  time.Duration
}

// span is a time during which a kind of fault lasted; to is sim.Forever while
// it still does.
type span struct {
	kind     language.FaultKind
	from, to time.Duration
}

// strike records a fault of an instant.
func (p *phases) strike(kind language.FaultKind, now time.Duration) {
	p.spans = append(p.spans, span{kind: kind, from: now, to: now})
}

// begin records the start of a fault that lasts; end that of its end. Faults of
// a kind that overlap may be told apart or not: their union is the same.
func (p *phases) begin(kind language.FaultKind, now time.Duration) {
	p.spans = append(p.spans, span{kind: kind, from: now, to: sim.Forever})
}

func (p *phases) end(kind language.FaultKind, now time.Duration) {
	for i := range p.spans {
		if p.spans[i].kind == kind && p.spans[i].to == sim.Forever {
			p.spans[i].to = now
			return
		}
	}
}

func (p *phases) cut(name string, now time.Duration) {
	p.cuts = append(p.cuts, name)
	p.begin(language.FaultPartition, now)
}

func (p *phases) mend(name string, now time.Duration) {
	if at := slices.Index(p.cuts, name); at >= 0 {
		p.cuts = slices.Delete(p.cuts, at, at+1)
		p.end(language.FaultPartition, now)
	}
}

// healed ends the partitions of which nothing is left.
func (p *phases) healed(n *network.Network, now time.Duration) {
	for _, name := range slices.Clone(p.cuts) {
		if !slices.ContainsFunc(n.Partitions, func(part network.Partition) bool { return part.Name == name }) {
			p.mend(name, now)
		}
	}
}

// Observe implements sim.Observer: it sees nodes go down, whatever stopped
// them, and come back.
func (p *phases) Observe(_ *sim.World, step *sim.Step) {
	p.now = step.Time
	switch {
	case step.Stopped != 0:
		p.down = append(p.down, step.Stopped)
		p.begin(language.FaultCrash, step.Time)
	case step.Choice.Kind == sim.Restart:
		if at := slices.Index(p.down, step.Choice.Node); at >= 0 {
			p.down = slices.Delete(p.down, at, at+1)
			p.end(language.FaultCrash, step.Time)
		}
	}
}

// faults returns the start of the first fault and the end of the last; ok is
// false if there was none.
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

// in reports whether an instant lies in a phase.
func (p *phases) in(phase language.Phase, at time.Duration) bool {
	from, to, any := p.faults()
	switch phase {
	case language.Always:
		return true
	case language.BeforeFaults:
		return !any || at < from
	case language.DuringFaults:
		return any && at >= from && at <= to
	case language.AfterFaults:
		return any && at > to
	case language.DuringPartition:
		return p.during(language.FaultPartition, at)
	case language.DuringCrash:
		return p.during(language.FaultCrash, at)
	case language.DuringPause:
		return p.during(language.FaultPause, at)
	}
	return false
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
