package timeline

import (
	"slices"

	"quorumlab/sim"
)

// The bounds of what is kept: see the package's documentation.
const (
	SnapshotsMax = 64
	SnapshotsAll = 3 * SnapshotsMax
	SpacingMin   = 256
)

// snapshot is a world after so many steps.
type snapshot struct {
	step  int
	world *sim.World
}

// snapshots are those of one line, growing.
type snapshots struct {
	kept    []snapshot
	spacing int
}

// due tells whether a snapshot is wanted after a step.
func (s *snapshots) due(step int) bool {
	return len(s.kept) == 0 || step >= s.kept[len(s.kept)-1].step+s.spacing
}

// add keeps the world after a step that is above all others, and thins out what
// is too much.
func (s *snapshots) add(step int, world *sim.World) {
	s.kept = append(s.kept, snapshot{step, world})
	if len(s.kept) <= SnapshotsMax {
		return
	}
	s.spacing *= 2
	thinned := s.kept[:1]
	for _, k := range s.kept[1:] {
		if k.step >= thinned[len(thinned)-1].step+s.spacing {
			thinned = append(thinned, k)
		}
	}
	clear(s.kept[len(thinned):])
	s.kept = thinned
}

// wants tells whether the world after a step is worth keeping on a way that was
// longer than it should be: snapshots were forgotten.
func (s *snapshots) wants(step int) bool {
	return step%s.spacing == 0 && len(s.kept) < SnapshotsMax
}

// insert keeps the world after a step somewhere between the others.
func (s *snapshots) insert(step int, world *sim.World) {
	at, found := slices.BinarySearchFunc(s.kept, step, func(k snapshot, step int) int { return k.step - step })
	if !found {
		s.kept = slices.Insert(s.kept, at, snapshot{step, world})
	}
}

// before returns the last snapshot not after a step.
func (s *snapshots) before(step int) snapshot {
	at, found := slices.BinarySearchFunc(s.kept, step, func(k snapshot, step int) int { return k.step - step })
	if !found {
		at--
	}
	return s.kept[at]
}

// upTo returns the snapshots that a line has which leaves at a step.
func (s *snapshots) upTo(step int) snapshots {
	n := len(s.kept)
	for n > 1 && s.kept[n-1].step > step {
		n--
	}
	return snapshots{kept: slices.Clone(s.kept[:n]), spacing: s.spacing}
}

// forget lets go of all but the first.
func (s *snapshots) forget() {
	clear(s.kept[1:])
	s.kept = s.kept[:1]
}
