package explore

import "time"

// Options say how a model is explored, and within which bounds. 0 stands for
// no bound.
type Options struct {
	Workers   int    // at least 1
	StatesMax uint64 // distinct states
	DepthMax  int    // levels; the initial states are level 1
	MemoryMax uint64 // bytes
	// Symmetry keeps one state of all that come from each other by
	// interchanging equal parts. The model's expanders must be Symmetric.
	Symmetry bool
	// PartialOrder leaves out orders of steps that make no difference: by
	// persistent sets, and by sleep sets if the model's expanders are Attributed.
	// They must be Divided. The runs that are found are as good as any, but
	// perhaps not the shortest.
	PartialOrder bool
	// Awake leaves out the sleep sets, Insistent the persistent ones.
	Awake, Insistent bool
	// Stop ends the search with the level of the first violation; else it
	// goes on, for the counts and the other properties.
	Stop bool
	// Wide makes fingerprints of 128 bits.
	Wide bool
	// Audit keeps whole states and panics if two of them share a fingerprint.
	Audit bool
	// Seed chooses the fingerprints: a collision with one seed is none with
	// another.
	Seed uint64
	// Checkpoint, if not nil, keeps the search now and then.
	Checkpoint *Checkpointing
	// Visit, if not nil, is called with every state that is judged, by all
	// workers at once.
	Visit func(state []uint32)
	// Progress, if not nil, is called now and then.
	Progress func(Progress)
}

// Progress tells how far a search is.
type Progress struct {
	Generated, Distinct uint64
	Depth               int
	Frontier            uint64 // states yet to be expanded
	Bytes               uint64
}

// Bound names what ended a search before all was explored.
type Bound string

// The bounds. Interrupted is the caller's end of the context.
const (
	Unbounded   Bound = ""
	StatesBound Bound = "states"
	DepthBound  Bound = "depth"
	MemoryBound Bound = "memory"
	Stopped     Bound = "violation"
	Interrupted Bound = "interrupted"
)

// Verdict is what became of a property.
type Verdict string

// The verdicts. Holds and Missed (a Sometimes that no state hit) are said only
// of what was explored as a whole; Unknown is said if a bound was met first.
const (
	Holds    Verdict = "holds"
	Violated Verdict = "violated"
	Reached  Verdict = "reached"
	Missed   Verdict = "missed"
	Unknown  Verdict = "unknown"
)

// Finding is the verdict on a property.
type Finding struct {
	Property Property
	Verdict  Verdict
	// Path leads to the first state that hits the property, if one does. No
	// path that does is shorter.
	Path *Path
}

// Path is a run of a model: Steps[i] leads from States[i] to States[i+1].
type Path struct {
	States [][]uint32
	Steps  []Label
	// Loop is 0, or the run goes on for ever with the steps after the first
	// Loop states: its last state is States[Loop-1].
	Loop int
}

// Result is what a search found.
type Result struct {
	Generated uint64 // initial states and duplicates included
	Distinct  uint64
	Depth     int // levels that have states
	// Bound is what ended the search early; it is Unbounded if every
	// reachable state was explored.
	Bound    Bound
	Frontier uint64 // states that were reached and not expanded
	Findings []Finding
	// Kinds counts the steps of each kind.
	Kinds []uint64
	// Terminal counts the states without a successor.
	Terminal uint64
	// CollisionBound is an upper bound of the probability that two distinct
	// states shared a fingerprint, so that one was taken for the other.
	CollisionBound float64
	// Bytes is the most memory that states took, with traces.
	Bytes   uint64
	Elapsed time.Duration
}

// Complete reports whether every reachable state was explored.
func (r *Result) Complete() bool { return r.Bound == Unbounded }

// Held reports whether every property has the verdict that is hoped for.
func (r *Result) Held() bool {
	for _, f := range r.Findings {
		if f.Verdict != Holds && f.Verdict != Reached {
			return false
		}
	}
	return true
}

// Broken reports whether a property is known not to hold.
func (r *Result) Broken() bool {
	for _, f := range r.Findings {
		if f.Verdict == Violated || f.Verdict == Missed {
			return true
		}
	}
	return false
}
