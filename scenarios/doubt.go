package scenarios

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// InDoubt is what being in doubt cost in a run: between its YES and the decision
// a participant of an atomic commitment can do nothing about a transaction, and
// its locks are in everybody's way. While a node is down it is in doubt as well.
type InDoubt struct {
	Run string `json:"run"`
	// Branches counts the transactions that were in doubt, once a participant;
	// Open those that still are at the end.
	Branches int `json:"branches"`
	Open     int `json:"open"`
	// LongestSeconds is the longest time that one was, LockSeconds the sum of
	// all times, each as often as the branch held locks.
	LongestSeconds float64 `json:"longest_seconds"`
	LockSeconds    float64 `json:"lock_seconds"`
	// Bystanders counts the requests of others that met such a lock: they
	// waited or were refused.
	Bystanders int `json:"bystanders"`
}

// doubts listens, and measures it from what participants note and own.
type doubts struct {
	begun    map[branch]doubt
	longest  time.Duration
	locks    time.Duration
	branches int
	delayed  map[bystander]bool
}

type branch struct {
	node        protocols.NodeID
	transaction uint64
}

type doubt struct {
	at    time.Duration
	locks int
}

// bystander is a request.
type bystander struct {
	client  protocols.ClientID
	request uint64
}

func newDoubts() *doubts {
	return &doubts{begun: map[branch]doubt{}, delayed: map[bystander]bool{}}
}

func (d *doubts) heard(w *sim.World, step *sim.Step, note *protocols.Note) {
	b := branch{step.Node, note.Slot}
	switch note.Kind {
	case protocols.Voted:
		if _, known := d.begun[b]; !known && note.Text == protocols.VoteYes {
			d.begun[b] = doubt{step.Time, locked(w, b)}
			d.branches++
		}
	case protocols.Decided:
		// A coordinator that takes part too is in doubt until it has
		// carried out what it decided.
		if begun, known := d.begun[b]; known && locked(w, b) == 0 {
			d.end(begun, step.Time)
			delete(d.begun, b)
		}
	case protocols.Blocked:
		if by, ok := note.Value.(protocols.Originated); ok {
			client, request := by.Origin()
			d.delayed[bystander{client, request}] = true
		}
	}
}

// locked returns how many locks a branch holds.
func locked(w *sim.World, b branch) int {
	if p, ok := w.Nodes[b.node-1].Node.(protocols.Participant); ok {
		if resource := p.Resource(); resource != nil {
			return resource.Locked(b.transaction)
		}
	}
	return 0
}

func (d *doubts) end(begun doubt, at time.Duration) {
	lasted := at - begun.at
	d.longest = max(d.longest, lasted)
	d.locks += time.Duration(begun.locks) * lasted
}

// total returns what it came to by the end of the run.
func (d *doubts) total(now time.Duration) (longest, locks time.Duration) {
	all := *d
	for _, b := range d.open() {
		all.end(d.begun[b], now)
	}
	return all.longest, all.locks
}

// open returns the branches that are in doubt.
func (d *doubts) open() []branch {
	return slices.SortedFunc(maps.Keys(d.begun), func(a, b branch) int {
		return cmp.Or(cmp.Compare(a.transaction, b.transaction), cmp.Compare(a.node, b.node))
	})
}

// measured returns the figures of a run, nil if nothing was ever in doubt.
func (d *doubts) measured(run string, now time.Duration) *InDoubt {
	if d.branches == 0 {
		return nil
	}
	longest, locks := d.total(now)
	return &InDoubt{
		Run: run, Branches: d.branches, Open: len(d.begun),
		LongestSeconds: longest.Seconds(), LockSeconds: locks.Seconds(), Bystanders: len(d.delayed),
	}
}

// inDoubt compares them with what is expected.
func (j *judgement) inDoubt(e language.DoubtExpectation) (Judgement, string) {
	longest, locks := j.x.doubts.total(j.x.sim.World.Now)
	if j.x.doubts.branches == 0 {
		return Unknown, "nothing was ever in doubt"
	}
	switch e.Figure {
	case language.DoubtLongest:
		return met(e.Bound, int64(longest), fmt.Sprintf("the longest time in doubt was %v, expected %s", longest.Round(time.Millisecond), boundInWords(e.Bound, "ns")))
	case language.DoubtLockTime:
		return met(e.Bound, int64(locks), fmt.Sprintf("locks were held in doubt for %v in all, expected %s", locks.Round(time.Millisecond), boundInWords(e.Bound, "ns")))
	}
	delayed := int64(len(j.x.doubts.delayed))
	return met(e.Bound, delayed, fmt.Sprintf("%d requests met a lock in doubt, expected %s", delayed, boundInWords(e.Bound, "")))
}
