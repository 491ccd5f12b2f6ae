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
	// ClientDelay is drawn for each way between a client and a node, on which
	// a request or an answer is lost with the chance ClientLoss.
	ClientDelay network.Distribution
	ClientLoss  network.Probability
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
	patiences []patience // of client i+1
	auditor   auditor
	foreign   bool // an observer or stop is at work: a panic is theirs
	halfOpen  int  // connections whose one end lost its power unheard
	cutting   bool // a node is losing its power
	unseen    []Unseen
}

// link is what the simulator knows of an ordered pair.
type link struct {
	random     Random
	conditions network.Conditions
	latest     time.Duration // when the last packet arrives
	free       time.Duration // when the sender has sent all it was given
	// stalled is the number of the choice that will break the stream which a
	// cut holds, 0 if none does: one of an earlier stall is void.
	stalled uint64
	// doubles are the duplicates drawn but not yet made.
	doubles []double
	// overdue are packets of a stream whose instant has passed while one
	// before them was still to come, because the receiver was slow or paused.
	overdue []uint64
	// held keeps back deliveries: those that were due are withheld.
	held     bool
	withheld []due
	// unheard is the marker which is to tell that the sender lost its power,
	// 0 if there is none; probed is what the receiver did to learn of it.
	unheard uint64
	probed  probed
}

// double is the delay drawn for the duplicate of a packet.
type double struct {
	of    uint64
	delay time.Duration
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
		clients: Stream(config.Seed, "clients", 0), patiences: make([]patience, len(world.Clients)),
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
		if s.postpone(&next) {
			continue
		}
		s.choose(next.choice)
		if stop != nil && s.step.Done && s.asks(stop) {
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

func (s *Simulator) asks(stop func() bool) bool {
	s.foreign = true
	stopped := stop()
	s.foreign = false
	return stopped
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
	r := recover()
	if r == nil {
		return
	}
	if s.foreign {
		panic(r)
	}
	node := s.step.Node
	if node == 0 { // its disk cannot do what it wanted
		node = s.step.Choice.Node
	}
	*err = &Failure{
		Step: s.step.Number, Time: s.World.Now, Node: s.World.setup.Name(node),
		Deterministic: true, What: fmt.Sprint(r),
	}
}

// postpone puts off what a paused or slow node cannot handle yet, and drops
// the break of a stream that is whole again and the end of a call that is over.
func (s *Simulator) postpone(next *due) bool {
	switch c := next.choice; c.Kind {
	case Break:
		return s.link(c.Node, c.Peer).stalled != next.number || !s.World.Network.Stalled(c.Node, c.Peer)
	case Expire:
		return s.outlasted(c)
	}
	id := s.handler(next.choice)
	if id == 0 {
		return false
	}
	if s.withhold(next) {
		return true
	}
	host, cell := &s.nodes[id-1], s.World.cell(id)
	if cell.Paused {
		host.deferred = append(host.deferred, *next)
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
	s.step.Number, s.step.Time = s.Steps+1, s.World.Now
	s.auditor.before(s, c)
	s.World.Apply(c, &s.step)
	s.finish()
	if c.Kind == Deliver && s.World.Network.Kind == protocols.Stream {
		s.follow(c)
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
	s.foreign = true
	for _, o := range s.observers {
		o.Observe(s.World, &s.step)
	}
	s.foreign = false
	s.scheduleConsequences()
	if node := s.step.Stopped; node != 0 {
		s.nodes[node-1].busy = 0
		s.undefer(node)
	}
}
