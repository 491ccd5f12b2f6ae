package sim

import (
	"fmt"
	"math"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
)

// Observer watches a run. It must not keep the step or its slices, and must
// not change the world.
type Observer interface {
	Observe(w *World, step *Step)
}

// Config is what a run of the simulator draws from.
type Config struct {
	// Seed decides everything that is drawn.
	Seed uint64
	// Conditions returns the conditions of an ordered pair at the start.
	Conditions func(from, to protocols.NodeID) network.Conditions
	// DiskLatency returns what the duration of a force (fsync) of a node is
	// drawn from.
	DiskLatency func(node protocols.NodeID) network.Distribution
	// ClientDelay is drawn for each way between a client and a node.
	ClientDelay network.Distribution
	// StreamTimeout is how long a stream holds what a cut keeps back before
	// it breaks; DialTimeout is how long a node takes to learn that a peer
	// cannot be reached.
	StreamTimeout, DialTimeout time.Duration
	// AuditEvery has every so many'th step of a node done twice, on copies,
	// and compared; 0: never.
	AuditEvery uint64
}

// Simulator is the scheduler that picks the earliest choice by virtual time.
type Simulator struct {
	World *World
	// Steps counts the steps done.
	Steps uint64

	config    Config
	observers []Observer
	queue     queue
	scheduled uint64
	step      Step
	links     []link // of the ordered pair (a,b): (a-1)*n + b-1
	nodes     []host
	clients   Random
	auditor   auditor
}

// link is what the simulator knows of an ordered pair.
type link struct {
	random     Random
	conditions network.Conditions
	latest     time.Duration // when the last packet arrives
	free       time.Duration // when the sender has sent all it was given
	stalled    bool          // a stream that a cut holds
}

// host is what the simulator knows of a node.
type host struct {
	timers, disk Random
	latency      network.Distribution
	busy         time.Duration // until when it handles its last event
	slow         time.Duration // added to each event
	diskSlow     time.Duration // added to each force
	deferred     []due         // while it is paused
	forces       uint64        // counts the forces begun, to know a stale one
	traps        []trap
}

// trap is a crash at a fsync boundary to come.
type trap struct {
	fault Fault
	left  uint64 // forces to go
}

// NewSimulator returns a simulator at time 0 of a world in which every node is
// down: the caller boots them with Inflict.
func NewSimulator(world *World, config Config) *Simulator {
	n := len(world.Nodes)
	s := &Simulator{
		World: world, config: config,
		links: make([]link, n*n), nodes: make([]host, n),
		clients: Stream(config.Seed, "clients", 0),
	}
	for i := range s.links {
		from, to := protocols.NodeID(i/n+1), protocols.NodeID(i%n+1)
		s.links[i].random = Stream(config.Seed, "network", uint64(i))
		if from != to {
			s.links[i].conditions = config.Conditions(from, to)
		}
	}
	for i := range s.nodes {
		s.nodes[i].timers = Stream(config.Seed, "timers", uint64(i))
		s.nodes[i].disk = Stream(config.Seed, "disk", uint64(i))
		s.nodes[i].latency = config.DiskLatency(protocols.NodeID(i + 1))
	}
	for i := range world.Clients {
		s.scheduleInvoke(&world.Clients[i])
	}
	return s
}

// Watch adds an observer. All observers see each step in the order added.
func (s *Simulator) Watch(o Observer) { s.observers = append(s.observers, o) }

// Forever is later than anything.
const Forever = time.Duration(math.MaxInt64)

// RunUntil runs all that is due up to and including an instant. It returns
// early, true, when stop (if not nil) says so after a step. A node that
// panics or is not deterministic ends the run with an error of type *Failure.
func (s *Simulator) RunUntil(until time.Duration, stop func() bool) (stopped bool, err error) {
	defer s.rescue(&err)
	for len(s.queue) > 0 && s.queue[0].at <= until {
		next := s.queue.pop()
		s.World.Now = next.at
		if s.postpone(next) {
			continue
		}
		s.choose(next.choice)
		if stop != nil && s.step.Done && stop() {
			return true, s.auditor.failure
		}
		if s.auditor.failure != nil {
			return false, s.auditor.failure
		}
	}
	if until != Forever {
		s.World.Now = max(s.World.Now, until)
	}
	return false, nil
}

// Failure is an error of a node itself: it panicked, or is not deterministic.
type Failure struct {
	Step          uint64
	Time          time.Duration
	Node          string
	Deterministic bool   // false: two runs of one step differ
	What          string // the panic, or the difference
}

func (f *Failure) Error() string {
	kind := "panics"
	if !f.Deterministic {
		kind = "is not deterministic"
	}
	return fmt.Sprintf("step %d at %v: node %s %s: %s", f.Step, f.Time, f.Node, kind, f.What)
}

// rescue turns the panic of a node into a Failure that names the step.
func (s *Simulator) rescue(err *error) {
	if r := recover(); r != nil {
		*err = &Failure{
			Step: s.Steps + 1, Time: s.World.Now, Node: s.World.setup.Name(s.step.Node),
			Deterministic: true, What: fmt.Sprint(r),
		}
	}
}

// postpone puts off what a paused or slow node cannot handle yet, and drops
// the break of a stream that is whole again.
func (s *Simulator) postpone(next due) bool {
	if next.choice.Kind == Break {
		return !s.World.Network.Stalled(next.choice.Node, next.choice.Peer)
	}
	id := s.handler(next.choice)
	if id == 0 {
		return false
	}
	host, cell := &s.nodes[id-1], s.World.cell(id)
	if cell.Paused {
		host.deferred = append(host.deferred, next)
		return true
	}
	if host.busy > next.at && cell.Up {
		s.schedule(host.busy, next.choice)
		return true
	}
	return false
}

// handler returns the node that would handle an event by a choice.
func (s *Simulator) handler(c Choice) protocols.NodeID {
	switch c.Kind {
	case Deliver:
		return c.Peer
	case Fire, Sync, FailSync:
		return c.Node
	case Arrive:
		return s.World.receiver(c.ID)
	}
	return 0
}

// choose applies a choice now, and gives instants to what follows from it.
func (s *Simulator) choose(c Choice) {
	if c.Kind == Sync {
		if c.ID != s.nodes[c.Node-1].forces || s.springTrap(c) {
			return
		}
		c = s.forceOutcome(c)
	}
	s.auditor.before(s, c)
	s.step.Number, s.step.Time = s.Steps+1, s.World.Now
	s.World.Apply(c, &s.step)
	s.finish()
	if c.Kind == Deliver && !s.step.Done {
		s.stall(c)
	}
}

// finish tells the observers of the step and schedules what it set going.
func (s *Simulator) finish() {
	if !s.step.Done {
		return
	}
	s.Steps++
	if s.step.Node != 0 {
		if host := &s.nodes[s.step.Node-1]; host.slow > 0 {
			host.busy = s.World.Now + host.slow
		}
		s.auditor.after(s)
	}
	for _, o := range s.observers {
		o.Observe(s.World, &s.step)
	}
	s.scheduleConsequences()
}
