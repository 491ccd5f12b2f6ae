package checker

import (
	"fmt"
	"maps"
	"time"

	"quorumlab/protocols"
)

// coordinationEntries are about what is built on a coordination service.
func coordinationEntries() []entry {
	return []entry{
		{
			Description{
				"lock",
				"The times during which holders have a lock, in true time, are disjoint.",
				"Burrows: The Chubby lock service for loosely-coupled distributed systems, OSDI 2006",
			}, false, func() invariant { return &exclusion{holders: map[string]lockHolder{}} },
		},
		{
			Description{
				"fencing",
				"A resource that looks at fencing tokens never lets one in below one that it has let in.",
				"Burrows: Chubby, OSDI 2006, section 2.4 (sequencers); Kleppmann: How to do distributed locking, 2016",
			}, false, func() invariant { return &fencing{highest: map[string]admission{}} },
		},
		{
			Description{
				"job",
				"Each instant at which a job is due has exactly one effect, once all faults have been repaired for long enough.",
				"Birrell, Nelson: Implementing remote procedure calls, TOCS 1984 (at most once, and what it takes for exactly once)",
			}, false, func() invariant { return &jobs{known: map[occasion]int{}} },
		},
	}
}

// noteHook: a node says something, or boots.
type noteHook interface {
	noted(s *Set, node protocols.NodeID, note *protocols.Note)
	booted(node protocols.NodeID)
}

// hookNotes takes in a rule that needs nothing but notes.
func (s *Set) hookNotes(made invariant) bool {
	h, ok := made.(noteHook)
	if ok {
		s.notes = append(s.notes, h)
	}
	return ok
}

// lockHolder is who has a lock: a session, or the node itself.
type lockHolder struct {
	node    protocols.NodeID
	session uint64
	step    uint64
}

// exclusion (lock): nobody gets a lock while another has it.
type exclusion struct {
	rule
	holders map[string]lockHolder // by lock
}

func (r *exclusion) noted(s *Set, node protocols.NodeID, note *protocols.Note) {
	own := lockHolder{node, note.Slot, s.step.Number}
	held, taken := r.holders[note.Text]
	same := taken && held.node == own.node && held.session == own.session
	switch {
	case note.Kind == protocols.Released && same:
		delete(r.holders, note.Text)
	case note.Kind != protocols.Acquired || !r.open():
	case taken && !same && (held.session != 0 || s.world.Nodes[held.node-1].Up):
		r.violate(s, fmt.Sprintf("%s got lock %q, which %s has held since step %d",
			s.holderName(own), note.Text, s.holderName(held), held.step))
	case !same:
		r.holders[note.Text] = own
	}
}

// booted takes the locks that the node itself held from it: it knows no more of
// them than anybody else.
func (r *exclusion) booted(node protocols.NodeID) {
	maps.DeleteFunc(r.holders, func(_ string, h lockHolder) bool { return h.node == node && h.session == 0 })
}

func (s *Set) holderName(h lockHolder) string {
	if h.session == 0 {
		return s.name(h.node)
	}
	return fmt.Sprintf("session %d at %s", h.session, s.name(h.node))
}

// admission is what a resource let in.
type admission struct {
	token uint64
	step  uint64
}

// fencing: tokens never fall.
type fencing struct {
	rule
	highest map[string]admission // by resource
}

func (r *fencing) noted(s *Set, node protocols.NodeID, note *protocols.Note) {
	if note.Kind != protocols.Admitted || !r.open() {
		return
	}
	if before := r.highest[note.Text]; note.Term < before.token {
		r.violate(s, fmt.Sprintf("%s let token %d in at %q, where token %d had been let in at step %d",
			s.name(node), note.Term, note.Text, before.token, before.step))
		return
	}
	r.highest[note.Text] = admission{note.Term, s.step.Number}
}

func (r *fencing) booted(protocols.NodeID) {}

// occasion is an instant at which a job is due.
type occasion struct {
	job     string
	instant uint64
}

// owed is an occasion that was noted as due, or done.
type owed struct {
	occasion
	due  bool
	at   time.Duration
	done int
	step uint64 // when it was done first
}

// jobs (job): done once, not twice and not never.
type jobs struct {
	rule
	all   []owed
	known map[occasion]int // place in all
}

func (r *jobs) noted(s *Set, node protocols.NodeID, note *protocols.Note) {
	if note.Kind != protocols.Due && note.Kind != protocols.Performed {
		return
	}
	o := occasion{note.Text, note.Slot}
	at, known := r.known[o]
	if !known {
		at = len(r.all)
		r.known[o] = at
		r.all = append(r.all, owed{occasion: o, at: s.step.Time})
	}
	job := &r.all[at]
	if note.Kind == protocols.Due {
		job.due = true
		return
	}
	r.finding.Checked++
	if job.done++; job.done == 1 {
		job.step = s.step.Number
		return
	}
	r.violate(s, fmt.Sprintf("%s did job %q, due at %d, once more: it was done at step %d",
		s.name(node), o.job, o.instant, job.step))
}

func (r *jobs) booted(protocols.NodeID) {}

// closed implements closingHook: what is due and was not done.
func (r *jobs) closed(s *Set) Finding {
	f := r.finding
	if f.Verdict == Violated || s.world == nil {
		return f
	}
	settle, now := settleTicks*s.world.Setup().Tick, max(s.world.Now, s.step.Time)
	if !whole(s.world) || now < s.commitment.trouble+settle {
		return f
	}
	for _, job := range r.all {
		if job.due && job.done == 0 && now >= job.at+settle {
			f.Verdict, f.Step, f.Time = Violated, s.step.Number, s.step.Time
			f.Checked++
			f.Witness = fmt.Sprintf("job %q, due at %d, has not been done by %v, though the last fault was over at %v",
				job.job, job.instant, now.Round(time.Millisecond), s.commitment.trouble.Round(time.Millisecond))
			return f
		}
	}
	return f
}
