package timeline

import "quorumlab/sim"

// view holds the worlds before and after the step that led to where one stands.
type view struct {
	at            Position
	before, after *sim.World
	step          sim.Step // that led from before to after
	hashed        Position
	sum           uint64
}

// now has the view show a position.
func (v *view) now(p Position) *view {
	switch {
	case v.at == p:
	case v.at.Line == p.Line && p.Step == v.at.Step+1 && v.before != nil:
		// One step on: each of the two takes one.
		var again sim.Step
		p.Line.redo(v.before, v.at.Step, &again)
		v.step = sim.Step{} // what was returned of the last one stays as it is
		p.Line.redo(v.after, p.Step, &v.step)
	case p.Step == 0:
		v.before, v.after, v.step = nil, p.Line.worldAt(0), sim.Step{}
	default:
		v.before, v.step = p.Line.worldAt(p.Step-1), sim.Step{}
		v.after = v.before.Clone()
		p.Line.redo(v.after, p.Step, &v.step)
	}
	v.at = p
	return v
}

func (v *view) hash(p Position) uint64 {
	if v.hashed != p {
		v.sum = hashOf(v.now(p).after)
		v.hashed = p
	}
	return v.sum
}

// WorldAt returns the world at any position, for comparison. It is a copy.
func (t *Timeline) WorldAt(p Position) *sim.World { return p.Line.worldAt(p.Step) }
