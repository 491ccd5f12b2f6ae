package checker

import (
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// bernstein is the source of the conditions of atomic commitment.
const bernstein = "Bernstein, Hadzilacos, Goodman: Concurrency Control and Recovery in Database Systems, 1987, section 7.3"

// commitmentEntries are about transactions over several participants.
func commitmentEntries() []entry {
	return []entry{
		{
			Description{
				"ac1",
				"No two nodes decide differently on a transaction, those that have crashed since included.",
				bernstein + " (AC1)",
			}, false, func() invariant { return &sameFate{} },
		},
		{
			Description{
				"ac2",
				"No node decides twice on a transaction, and differently the second time.",
				bernstein + " (AC2)",
			}, false, func() invariant { return &oneFate{} },
		},
		{
			Description{
				"ac3",
				"A transaction is committed only if every participant has voted YES, or read-only, before.",
				bernstein + " (AC3)",
			}, false, func() invariant { return &unanimous{} },
		},
		{
			Description{
				"ac4",
				"If every participant has voted YES, and there was no fault and no time-out, the transaction is not aborted.",
				bernstein + " (AC4)",
			}, false, func() invariant { return &nontrivial{} },
		},
		{
			Description{
				"ac5",
				"Once all faults have been repaired for long enough, every participant that voted YES has decided, and one that has not voted holds no locks any more.",
				bernstein + " (AC5); unconditionally it is impossible: Skeen: Nonblocking commit protocols, SIGMOD 1981",
			}, false, func() invariant { return &resolved{} },
		},
		{
			Description{
				"in-doubt-locks",
				"From its YES until it decides a participant holds the transaction's locks, whenever it runs.",
				"Gray, Reuter: Transaction Processing, 1992, section 11.4 (two-phase commit and locks at restart); X/Open XA, 1991",
			}, false, func() invariant { return &doubtfulLocks{} },
		},
		{
			Description{
				"heuristic-damage",
				"A participant that decides by itself, and otherwise than the transaction is decided, says so once all is well; nobody speaks of damage where there is none.",
				"X/Open: Distributed Transaction Processing: The XA Specification, 1991 (heuristic completion); Mohan, Lindsay, Obermarck: Transaction Management in the R* Distributed Database Management System, TODS 1986",
			}, false, func() invariant { return &damageReported{} },
		},
		{
			Description{
				"conservation",
				"As long as clients only read and move amounts, the sum of all balances, with what is committed and not yet carried out, stays the same.",
				"Gray: Notes on Data Base Operating Systems, 1978 (debit and credit)",
			}, false, func() invariant { return &conservation{} },
		},
	}
}

// The hooks of atomic commitment.
type (
	// fateHook: a node says how a transaction is decided. First tells that
	// this node had not said so before.
	fateHook interface {
		decided(s *Set, t *undertaking, d fate, first bool)
	}
	// lifeHook: a node has done a step of atomic commitment, or any step while
	// it is in doubt, or has booted.
	lifeHook interface {
		lived(s *Set, c *commitment, node protocols.NodeID)
	}
	// bookHook wants to know what clients ask.
	bookHook interface {
		asked(command protocols.Command)
	}
)

// commitment is what the notes tell of the transactions over several
// participants, gathered for the rules.
type commitment struct {
	transactions []*undertaking // in the order in which they were heard of
	known        map[uint64]*undertaking
	// open are those in doubt somewhere, or not carried out everywhere.
	open []*undertaking
	// doubts counts, by node, the transactions in doubt there.
	doubts map[protocols.NodeID]int
	// halted nodes do nothing until they are restarted.
	halted map[protocols.NodeID]bool
	// faulty: something has gone wrong in this run. trouble is when the last
	// fault struck or ended.
	faulty  bool
	trouble time.Duration

	fates   []fateHook
	lives   []lifeHook
	books   []bookHook
	damages []aloneHook
}

// undertaking is a transaction.
type undertaking struct {
	number uint64
	// begun: its beginning was noted, at that time.
	begun        bool
	at           time.Duration
	participants []protocols.NodeID
	votes        []ballot
	fates        []fate
	// alone are the decisions that participants made by themselves, damage what was
	// said of those that were wrong.
	alone, damage []fate
	// timedOut: a timer that is about it has fired somewhere.
	timedOut bool
}

// ballot is one participant's vote, fate one node's decision.
type ballot struct {
	node protocols.NodeID
	text string
	step uint64
	// locks held, and what committing adds to the balance, when it voted.
	locks   int
	pending int64
	// over: the participant has decided.
	over bool
}

type fate struct {
	node protocols.NodeID
	text string
	step uint64
}

func newCommitment() *commitment {
	return &commitment{
		known: map[uint64]*undertaking{}, doubts: map[protocols.NodeID]int{}, halted: map[protocols.NodeID]bool{},
	}
}

// hookCommitment takes in a rule that is about atomic commitment.
func (s *Set) hookCommitment(made invariant) bool {
	end, ends := made.(fateHook)
	life, lives := made.(lifeHook)
	book, books := made.(bookHook)
	closing, closes := made.(closingHook)
	damage, damages := made.(aloneHook)
	if !ends && !lives && !closes {
		return false
	}
	if s.commitment == nil {
		s.commitment = newCommitment()
	}
	c := s.commitment
	if ends {
		c.fates = append(c.fates, end)
	}
	if lives {
		c.lives = append(c.lives, life)
	}
	if books {
		c.books = append(c.books, book)
	}
	if damages {
		c.damages = append(c.damages, damage)
	}
	if closes {
		s.closing = append(s.closing, closing)
	}
	return true
}

// observe takes up one step.
func (c *commitment) observe(s *Set) {
	step := s.step
	c.trouble, c.faulty = c.troubled(step)
	if step.Client.Invoked {
		for _, h := range c.books {
			h.asked(step.Client.Command)
		}
	}
	if step.Node == 0 {
		return
	}
	_, boots := step.Event.(protocols.Recovered)
	if boots {
		delete(c.halted, step.Node)
	}
	if fired, ok := step.Event.(protocols.TimerFired); ok {
		if t := c.known[fired.Timer.Key]; t != nil {
			t.timedOut = true
		}
	}
	if boots { // what it had carried out may be lost again
		c.open = slices.Clone(c.transactions)
	}
	concerned := boots || c.doubts[step.Node] > 0
	for i := range step.Effects {
		if note, ok := step.Effects[i].(protocols.Note); ok && c.note(s, &note) {
			concerned = true
		}
	}
	if concerned {
		c.refresh(s.world, step.Node)
		for _, h := range c.lives {
			h.lived(s, c, step.Node)
		}
		c.open = slices.DeleteFunc(c.open, func(t *undertaking) bool { return !t.open() })
	}
}

// refresh looks at what is under way at a node, which may have carried it out.
func (c *commitment) refresh(w *sim.World, node protocols.NodeID) {
	p := participant(w, node)
	if p == nil {
		return
	}
	for _, t := range c.open {
		if b := t.vote(node); b != nil {
			b.pending = p.Pending(t.number)
		}
	}
}

// open tells whether the transaction is in doubt, or not carried out, somewhere.
func (t *undertaking) open() bool {
	return slices.ContainsFunc(t.votes, func(b ballot) bool { return b.doubtful() || b.pending != 0 })
}

// troubled returns when the last fault struck or ended, and whether there was
// any. A message that is lost is one; a boot is the end of one.
func (c *commitment) troubled(step *sim.Step) (time.Duration, bool) {
	struck := step.Fault != nil || step.Stopped != 0
	switch step.Choice.Kind {
	case sim.Crash, sim.FailSync, sim.Pause, sim.Break:
		struck = true
	case sim.Drop, sim.Duplicate, sim.Corrupt:
		return c.trouble, true // links may be so all the time
	case sim.Restart, sim.Resume:
		return step.Time, c.faulty
	}
	if struck {
		return step.Time, true
	}
	return c.trouble, c.faulty || step.Lost > 0
}

// note takes up one note, and reports whether it is about a transaction.
func (c *commitment) note(s *Set, note *protocols.Note) bool {
	switch note.Kind {
	case protocols.Begun:
		t := c.transaction(note.Slot)
		if u, ok := note.Value.(protocols.Undertaking); ok && !t.begun {
			t.begun, t.participants, t.at = true, u.Participants, s.step.Time
		}
	case protocols.Voted:
		c.voted(s, c.transaction(note.Slot), note.Text)
	case protocols.Decided:
		c.decided(s, c.transaction(note.Slot), note.Text)
	case protocols.Heuristic:
		c.wentAlone(s, c.transaction(note.Slot), note.Text)
	case protocols.Damage:
		c.damaged(s, c.transaction(note.Slot), note.Text)
	case protocols.Halted:
		c.halted[s.step.Node] = true
		return false
	default:
		return false
	}
	return true
}

func (c *commitment) transaction(number uint64) *undertaking {
	t := c.known[number]
	if t == nil {
		t = &undertaking{number: number}
		c.known[number] = t
		c.transactions = append(c.transactions, t)
	}
	return t
}

// vote returns the vote of a node, nil if it has not voted.
func (t *undertaking) vote(node protocols.NodeID) *ballot {
	for i := range t.votes {
		if t.votes[i].node == node {
			return &t.votes[i]
		}
	}
	return nil
}

// doubtful tells whether a participant has voted YES and not decided.
func (b *ballot) doubtful() bool { return b.text == protocols.VoteYes && !b.over }

func (c *commitment) voted(s *Set, t *undertaking, text string) {
	node := s.step.Node
	if b := t.vote(node); b != nil {
		if b.text != protocols.VoteNo || text == protocols.VoteNo {
			return // it repeats itself
		}
		// Its NO was forgotten in a crash, or never arrived: it binds nobody.
		t.votes = slices.DeleteFunc(t.votes, func(b ballot) bool { return b.node == node })
	}
	b := ballot{node: node, text: text, step: s.step.Number}
	if p := participant(s.world, node); p != nil {
		b.locks, b.pending = p.Locked(t.number), p.Pending(t.number)
	}
	t.votes = append(t.votes, b)
	if b.doubtful() {
		c.doubts[node]++
		if !slices.Contains(c.open, t) {
			c.open = append(c.open, t)
		}
	}
}

func (c *commitment) decided(s *Set, t *undertaking, text string) {
	d := fate{node: s.step.Node, text: text, step: s.step.Number}
	first := !slices.ContainsFunc(t.fates, func(f fate) bool { return f.node == d.node && f.text == d.text })
	for _, h := range c.fates {
		h.decided(s, t, d, first)
	}
	if first {
		t.fates = append(t.fates, d)
	}
	// A coordinator that takes part as well has decided as both only when its
	// locks are gone.
	if b := t.vote(d.node); b != nil && b.doubtful() {
		if p := participant(s.world, d.node); p == nil || p.Locked(t.number) == 0 {
			b.over = true
			c.doubts[d.node]--
		}
	}
}

// participant returns what a node that runs owns, nil if it is no participant.
func participant(w *sim.World, node protocols.NodeID) protocols.Resource {
	cell := &w.Nodes[node-1]
	if p, ok := cell.Node.(protocols.Participant); ok {
		return p.Resource()
	}
	return nil
}
