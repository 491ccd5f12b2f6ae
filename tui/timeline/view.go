package timeline

import "quorumlab/sim"

// view holds the worlds before and after the step that led to where one stands.
type view struct {
	at            Position
	before, after *sim.World
	// near is a world some steps before those that were looked at last: who goes
	// back goes on doing so.
	near     snapshot
	nearLine *Line
	step     sim.Step // that led from before to after
	hashed   Position
	sum      uint64
	size     int // of what was hashed, in bytes
}

// strides is up to how many steps on the two worlds are taken there step by step,
// rather than copied anew.
const strides = 100

// now has the view show a position.
func (v *view) now(p Position) *view {
	switch {
	case v.at == p:
	case v.at.Line == p.Line && v.before != nil && p.Step > v.at.Step && p.Step <= v.at.Step+strides:
		for step := v.at.Step + 1; step <= p.Step; step++ { // each of the two takes a step
			var again sim.Step
			p.Line.redo(v.before, step-1, &again)
			v.step = sim.Step{} // what was returned of the last one stays as it is
			p.Line.redo(v.after, step, &v.step)
		}
	case p.Step == 0:
		v.before, v.after, v.step = nil, p.Line.worldAt(0), sim.Step{}
	default:
		v.before, v.step = v.worldAt(p.Line, p.Step-1), sim.Step{}
		v.after = v.before.Clone()
		p.Line.redo(v.after, p.Step, &v.step)
	}
	v.at = p
	return v
}

// nearby is how many steps before where somebody came the view keeps a world.
const nearby = 128

// worldAt is that of the line, but quicker near to where one was.
func (v *view) worldAt(l *Line, step int) *sim.World {
	if v.nearLine != l || step < v.near.step || step > v.near.step+2*nearby {
		at := max(step-nearby, l.snapshots.before(step).step)
		v.near, v.nearLine = snapshot{at, l.worldAt(at)}, l
	}
	w := v.near.world.Clone()
	l.redoAll(w, v.near.step, step)
	return w
}

func (v *view) hash(p Position) uint64 {
	if v.hashed != p {
		v.sum, v.size = hashOf(v.now(p).after)
		v.hashed = p
	}
	return v.sum
}

// heavy is from how many bytes on a world takes a while to hash.
const heavy = 64 << 10

// WorldAt returns the world at any position, for comparison. It is a copy.
func (t *Timeline) WorldAt(p Position) *sim.World { return p.Line.worldAt(p.Step) }
