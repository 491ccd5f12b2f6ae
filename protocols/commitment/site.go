package commitment

import (
	"fmt"
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/resource"
)

// Site is a node without its protocol: what it owns, its log, the numbers of what
// it coordinates, and what it has to say to itself.
type Site struct {
	// Self, Ownership and SnapshotEvery are the same in every life.
	Self          protocols.NodeID
	Ownership     resource.Ownership
	SnapshotEvery uint64

	Store   resource.Store
	Journal resource.Journal
	Numbers resource.Numbers
	// Early holds what clients asked before there was a number for it.
	Early []protocols.Requested
	// Written is the mark of the latest Persist that is done.
	Written uint64
	// Inbox holds the messages to be handled before the step ends: those of the
	// node to itself, and those that waited for something. Between two steps it
	// is empty.
	Inbox []Envelope
	// Halted: the disk is damaged; nothing is done until the next restart.
	Halted bool
}

// Envelope is a message and who sent it.
type Envelope struct {
	From    protocols.NodeID
	Message protocols.Message
}

// Protocol is what a Site leaves to its protocol.
type Protocol interface {
	// Recover takes up what the disk kept. It calls Reserve.
	Recover(found resource.Recovered, disk protocols.Disk, out *protocols.Effects)
	// Busy tells that what a client asks for is under way, so that nothing is to
	// be begun.
	Busy(r protocols.Requested, out *protocols.Effects) bool
	// Begin begins a transaction for a client.
	Begin(id resource.ID, errand Errand, out *protocols.Effects)
	Receive(from protocols.NodeID, message protocols.Message, out *protocols.Effects)
	// Forced goes on with a transaction of which a record is on disk now; what is
	// as it was given to the Journal.
	Forced(id resource.ID, what string, out *protocols.Effects)
	Fire(timer protocols.Timer, out *protocols.Effects)
	// Table returns what a snapshot must hold beside the store.
	Table() protocols.Record
}

// Parameters describes the parameters that NewSite takes.
func Parameters() []protocols.Parameter {
	return []protocols.Parameter{
		resource.RangesParameter(),
		{Name: "snapshot_every", Default: "1000", Help: "records after which a snapshot replaces the log, 0 for never"},
	}
}

// NewSite makes the site of a node that has yet to be given Recovered.
func NewSite(config protocols.Config) (Site, error) {
	s := Site{Self: config.Self}
	switch {
	case !slices.Contains(config.Nodes, config.Self):
		return s, fmt.Errorf("node %d is not among the nodes %v", config.Self, config.Nodes)
	case config.Members != nil && !slices.Equal(config.Members, config.Nodes):
		return s, fmt.Errorf("the members are %v, must be all nodes: each owns keys", config.Members)
	case config.Tick <= 0:
		return s, fmt.Errorf("tick is %v, must be more than 0", config.Tick)
	}
	var err error
	if s.SnapshotEvery, err = config.Number("snapshot_every", 0); err != nil {
		return s, err
	}
	if s.Ownership, err = resource.NewOwnership(config.Parameters["ranges"], config.Nodes); err != nil {
		return s, err
	}
	s.Store, err = resource.NewStore(config.Self, s.Ownership, config.Machine)
	return s, err
}

// Resource implements protocols.Participant. Of what a damaged disk has kept
// nothing is shown.
func (s *Site) Resource() protocols.Resource {
	if s.Halted {
		return nil
	}
	return &s.Store
}

// Step makes a node take one event. Its clock serves to tell older transactions
// from younger ones, for fairness alone.
func (s *Site) Step(p Protocol, now time.Duration, event protocols.Event, out *protocols.Effects) {
	if s.Halted {
		return
	}
	switch e := event.(type) {
	case protocols.Received:
		p.Receive(e.From, e.Message, out)
	case protocols.Persisted:
		s.persisted(p, now, e.Mark, out)
	case protocols.Requested:
		s.requested(p, now, e, out)
	case protocols.TimerFired:
		p.Fire(e.Timer, out)
	case protocols.Recovered:
		s.recovered(p, e.Disk, out)
	}
	for i := 0; i < len(s.Inbox); i++ {
		p.Receive(s.Inbox[i].From, s.Inbox[i].Message, out)
	}
	clear(s.Inbox)
	s.Inbox = s.Inbox[:0]
	if !s.Halted { // what is left of a damaged disk is left as it is
		s.compact(p, out)
	}
}

func (s *Site) recovered(p Protocol, disk protocols.Disk, out *protocols.Effects) {
	s.Journal.Begin(disk)
	found, err := s.Store.Recover(disk)
	if err != nil {
		s.Halted = true
		out.Note(protocols.Note{Kind: protocols.Halted, Text: "the disk is damaged, and nobody else has what was lost"})
		return
	}
	s.Numbers.Begin(found.Reserved)
	p.Recover(found, disk, out)
}

// whatReserved is what waits for a reservation, as the Journal is told.
const whatReserved = "reserved"

// Reserve has numbers for transactions put on disk before they run out.
func (s *Site) Reserve(out *protocols.Effects) {
	if reservation, needed := s.Numbers.Reserve(); needed {
		s.Journal.Force(reservation, 0, whatReserved, out)
	}
}

func (s *Site) persisted(p Protocol, now time.Duration, mark uint64, out *protocols.Effects) {
	s.Written = mark
	for _, awaited := range s.Journal.Persisted(mark) {
		if awaited.What != whatReserved {
			p.Forced(awaited.Transaction, awaited.What, out)
			continue
		}
		s.Numbers.Granted()
		early := s.Early
		s.Early = nil
		for _, r := range early {
			s.requested(p, now, r, out)
		}
	}
}

func (s *Site) requested(p Protocol, now time.Duration, r protocols.Requested, out *protocols.Effects) {
	if p.Busy(r, out) {
		return
	}
	parts, conditional, err := s.Ownership.Split(r.Command)
	if err != nil {
		out.Reply(r.Client, r.Request, resource.Impossible(r.Command, err))
		return
	}
	id, ok := s.Numbers.Take(s.Self)
	if !ok {
		s.Early = append(s.Early, r)
		return
	}
	s.Reserve(out)
	p.Begin(id, Errand{
		Client: r.Client, Request: r.Request, Begun: now, Parts: parts, Conditional: conditional,
	}, out)
}

// compact replaces the log by a snapshot when it has grown long.
func (s *Site) compact(p Protocol, out *protocols.Effects) {
	if through, due := s.Journal.Through(s.SnapshotEvery); due {
		s.Journal.Compact(s.Store.Snapshot(through, s.Numbers.Reserved, p.Table()), out)
	}
}

// Send sends a message; one to the node itself is handled at the end of the step.
func (s *Site) Send(to protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	if to == s.Self {
		s.Inbox = append(s.Inbox, Envelope{From: to, Message: message})
		return
	}
	out.Send(to, message)
}

// Coordinates tells whether a transaction is the node's own.
func (s *Site) Coordinates(id resource.ID) bool { return id.Coordinator() == s.Self }

// Others returns nodes without the node itself.
func (s *Site) Others(nodes []protocols.NodeID) []protocols.NodeID {
	return slices.DeleteFunc(slices.Clone(nodes), func(node protocols.NodeID) bool { return node == s.Self })
}

// TimerOf names a timer about a transaction.
func TimerOf(name string, id resource.ID) protocols.Timer {
	return protocols.Timer{Name: name, Key: uint64(id)}
}

// Note emits a note about a transaction.
func Note(kind protocols.NoteKind, id resource.ID, text string, out *protocols.Effects) {
	out.Note(protocols.Note{Kind: kind, Slot: uint64(id), Text: text})
}

// NoteVote tells how the node votes.
func NoteVote(id resource.ID, vote resource.Vote, out *protocols.Effects) {
	Note(protocols.Voted, id, string(vote), out)
}

// NoteDecision tells what is decided.
func NoteDecision(id resource.ID, decision resource.Decision, out *protocols.Effects) {
	Note(protocols.Decided, id, string(decision), out)
}

// NoteBlocked tells that a request meets the lock of a transaction in doubt.
func NoteBlocked(r *resource.Request, outcome resource.Outcome, out *protocols.Effects) {
	if outcome.Blocker == 0 {
		return
	}
	text := "waits"
	if !outcome.Wait {
		text = "refused"
	}
	out.Note(protocols.Note{
		Kind: protocols.Blocked, Slot: uint64(outcome.Blocker), Text: text,
		Value: protocols.Asker{Client: r.Client, Request: r.Number},
	})
}
