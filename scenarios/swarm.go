package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// Swarm returns a run with faults drawn by the seed in the place of the run's
// own timeline: first a phase of faults of a random subset of the kinds that
// the scenario allows (Groce et al., "Swarm testing", ISSTA 2012), in which
// only safety is demanded; then a random majority is healed for good, what is
// wrong outside it stays so, and progress is demanded. Of the expectations the
// properties stay: what was expected to be violated may now be or not be.
func Swarm(run language.Run, seed uint64) language.Run {
	run = Concrete(run, seed)
	s := &swarm{run: &run, random: sim.Stream(seed, "swarm", 0), nodes: len(run.Cluster.Nodes)}
	s.size()
	if len(run.Swarm.Faults) > 0 {
		s.surroundings()
	}
	s.draw()
	run.Timeline = s.entries
	properties := map[string]language.Verdict{}
	for _, name := range sortedKeys(run.Expect.Properties) {
		properties[name] = run.Expect.Properties[name]
		if properties[name] == language.Violated {
			properties[name] = language.Any
		}
	}
	run.Sometimes = run.Expect.Happens
	run.Expect = language.Expectation{Properties: properties}
	run.Swarm = language.Swarm{}
	return run
}

// swarm draws a timeline.
type swarm struct {
	run     *language.Run
	random  sim.Random
	nodes   int
	kinds   []language.FaultKind // that this seed enables
	entries []language.Entry
	// busy holds until when each node is down or paused; rotten is the one
	// node whose records may rot, so that a quorum's disks stay readable, and
	// rotted tells whether they did.
	busy   []time.Duration
	rotten protocols.NodeID
	rotted bool
}

func (s *swarm) draw() {
	w := s.run.Swarm
	s.busy = make([]time.Duration, s.nodes)
	s.rotten = s.node()
	s.kinds = s.subset(w.Faults)
	at := w.From
	for len(s.kinds) > 0 {
		at += s.between(w.GapMin, w.GapMax)
		lasts := s.between(w.LastMin, w.LastMax)
		if at+lasts >= w.Until {
			break
		}
		s.fault(s.kinds[s.below(len(s.kinds))], at, lasts)
	}
	if len(w.Faults) > 0 {
		s.settle(w.Until)
	}
	slices.SortStableFunc(s.entries, func(a, b language.Entry) int { return cmp.Compare(a.At, b.At) })
}

// size draws how many nodes there are, where the scenario leaves that open. The
// new ones are like the others; unless all vote they are no members at first.
func (s *swarm) size() {
	cluster, few := &s.run.Cluster, s.nodes
	if s.run.Swarm.Nodes <= few {
		return
	}
	s.nodes += s.below(s.run.Swarm.Nodes - few + 1)
	cluster.Nodes = slices.Clone(cluster.Nodes)
	for id := few + 1; id <= s.nodes; id++ {
		name := fmt.Sprintf("n%d", id)
		for slices.ContainsFunc(cluster.Nodes, func(n language.Node) bool { return n.Name == name }) {
			name += "x"
		}
		cluster.Nodes = append(cluster.Nodes, language.Node{
			ID: protocols.NodeID(id), Name: name, DiskLatency: cluster.Nodes[0].DiskLatency,
		})
	}
	if s.run.Swarm.Down == (few-1)/2 {
		s.run.Swarm.Down = (s.nodes - 1) / 2 // a minority still
	}
}

// surroundings draws, for half of the seeds, other links and disks than the
// scenario's: what always takes the same time hides what depends on it.
func (s *swarm) surroundings() {
	if s.below(2) == 0 {
		return
	}
	least := s.between(100*time.Microsecond, 10*time.Millisecond)
	delay := network.UniformDelay(least, least+s.between(0, 30*time.Millisecond))
	if s.below(2) == 0 {
		delay = network.LogNormalDelay(least, uint32(200+s.below(800)))
	}
	s.run.Links.Default.Delay = delay
	if s.below(2) == 0 {
		s.run.Links.ClientLoss = network.Probability(s.below(30_000))
	}
	s.run.Cluster.Nodes = slices.Clone(s.run.Cluster.Nodes)
	force := s.between(50*time.Microsecond, 5*time.Millisecond)
	for i := range s.run.Cluster.Nodes {
		s.run.Cluster.Nodes[i].DiskLatency = network.UniformDelay(force, 4*force) // one for all, as in the language
	}
}

// subset draws which kinds of fault this seed enables: at least one.
func (s *swarm) subset(all []language.FaultKind) []language.FaultKind {
	var chosen []language.FaultKind
	for _, kind := range all {
		if s.below(2) == 0 {
			chosen = append(chosen, kind)
		}
	}
	if len(chosen) == 0 && len(all) > 0 {
		chosen = append(chosen, all[s.below(len(all))])
	}
	return chosen
}

// needsAll tells whether the protocol makes progress only with all of its nodes.
func (s *swarm) needsAll() bool {
	protocol, err := catalog.Lookup(s.run.Protocol)
	return err == nil && protocol.NeedsAll
}

// settle ends the phase of faults: a random majority (or all nodes, if the
// protocol needs all) is whole from now on, what is outside it may be cut off or
// down for good. (A Restart also calls off the faults that still wait for an
// fsync.)
func (s *swarm) settle(at time.Duration) {
	order := s.shuffled()
	if i := slices.Index(order, s.rotten); s.rotted {
		order = append(slices.Delete(order, i, i+1), s.rotten) // it counts for nothing any more
	}
	core := order[:s.nodes/2+1+s.below(s.nodes-s.nodes/2)]
	if s.needsAll() {
		core = order
	}
	s.add(at, language.Heal{All: true})
	for id := range protocols.NodeID(s.nodes) {
		s.add(at, language.Restart{Node: language.Target{Node: id + 1}})
	}
	outside := order[len(core):]
	cut := s.allows(language.FaultPartition)
	crash := s.allows(language.FaultCrash) && len(outside) <= s.run.Swarm.Down
	if cut && crash {
		cut = s.below(2) == 0
	}
	if len(outside) > 0 && (cut || crash) {
		end := language.Core{Order: known(order), Size: len(core), Keep: language.KeepRandom}
		if !cut {
			end.Crash, end.Keep = true, s.keep()
		}
		s.add(at, end)
	}
}

// allows reports whether the scenario lets a swarm draw faults of a kind.
func (s *swarm) allows(kind language.FaultKind) bool {
	return slices.Contains(s.run.Swarm.Faults, kind)
}

func (s *swarm) fault(kind language.FaultKind, at, lasts time.Duration) {
	node := language.Target{Node: s.node()}
	switch kind {
	case language.FaultPartition:
		s.partition(at, lasts)
	case language.FaultCrash:
		s.crash(at, lasts)
	case language.FaultPause:
		if s.take(node.Node, at, lasts) {
			s.add(at, language.Pause{Node: node, For: lasts})
		}
	case language.FaultSlow:
		s.add(at, language.Slow{Node: node, By: s.between(time.Millisecond, 50*time.Millisecond), For: lasts})
	case language.FaultClock:
		if s.below(2) == 0 {
			s.add(at, language.ClockJump{Node: node, Jump: s.between(0, 20*time.Second) - 10*time.Second})
		} else {
			s.add(at, language.ClockDrift{Node: node, Drift: int64(s.below(100_001) - 50_000)})
		}
	case language.FaultDisk:
		s.disk(node, at, lasts)
	case language.FaultLinks:
		s.add(at, language.LinksChange{Change: s.conditions(), For: lasts})
	case language.FaultMembership:
		s.add(at, s.membership())
	}
}

// membership draws a change of the members: one is replaced, joins or leaves. It
// never asks for fewer than three, unless there are fewer to begin with: what
// the smallest cluster loses is lost by design.
func (s *swarm) membership() language.Reconfigure {
	members := s.nodes
	if s.run.Cluster.Members != nil {
		members = len(s.run.Cluster.Members)
	}
	change := language.Reconfigure{Least: min(3, members)}
	out := []language.Role{language.Leader, language.Follower, language.AnyNode}[s.below(3)]
	kind := s.below(4) // a replacement is drawn twice as often
	if kind != 0 {
		change.Remove = []language.Target{{Role: out}}
	}
	if kind != 1 {
		change.Add = []language.Target{{Role: language.Spare}}
	}
	return change
}

// crash draws a crash of one node, or of several at once.
func (s *swarm) crash(at, lasts time.Duration) {
	if s.below(4) == 0 && slices.Contains(s.kinds, language.FaultDisk) {
		s.powerFailure(at, lasts)
		return
	}
	count := 1
	if s.below(3) == 0 {
		count = 1 + s.below(s.nodes)
	}
	onFsync, before := 0, s.below(2) == 0
	if s.below(2) == 0 {
		onFsync = 1 + s.below(4)
	}
	power := s.below(3) == 0
	for _, id := range s.shuffled()[:count] {
		if !s.take(id, at, lasts) {
			continue
		}
		node := language.Target{Node: id}
		s.add(at, language.Crash{
			Node: node, Keep: s.keep(), Torn: s.below(2) == 0, Power: power, OnFsync: onFsync, BeforeFsync: before && onFsync > 0,
		})
		s.add(at+lasts, language.Restart{Node: node})
	}
}

// powerFailure stops all nodes at one instant, while their disks are slow: this
// is when what was acknowledged before it was on disk is lost everywhere.
func (s *swarm) powerFailure(at, lasts time.Duration) {
	off := at + s.between(0, lasts)
	keep := s.keep()
	for id := range protocols.NodeID(s.nodes) {
		if !s.take(id+1, at, lasts) {
			continue
		}
		node := language.Target{Node: id + 1}
		s.add(at, language.DiskSlow{Node: node, By: s.between(10*time.Millisecond, 300*time.Millisecond), For: lasts})
		s.add(off, language.Crash{Node: node, Keep: keep, Power: true})
		s.add(at+lasts, language.Restart{Node: node})
	}
}

// take reserves a node for a time in which it will not run, unless too many
// others are reserved then.
func (s *swarm) take(id protocols.NodeID, at, lasts time.Duration) bool {
	down := 0
	for _, until := range s.busy {
		if until >= at {
			down++
		}
	}
	if down >= s.run.Swarm.Down || s.busy[id-1] >= at {
		return false
	}
	s.busy[id-1] = at + lasts
	return true
}

// disk draws a fault of a disk. One that stops the node is followed by a
// restart.
func (s *swarm) disk(node language.Target, at, lasts time.Duration) {
	switch s.below(4) {
	case 0:
		s.add(at, language.DiskSlow{Node: node, By: s.between(time.Millisecond, 200*time.Millisecond), For: lasts})
		return
	case 1:
		if s.take(node.Node, at, lasts) {
			s.add(at, language.DiskFull{Node: node, For: lasts})
			s.add(at+lasts, language.Restart{Node: node})
		}
	case 2:
		if s.take(node.Node, at, lasts) {
			s.add(at, language.DiskFsyncFails{Node: node})
			s.add(at+lasts, language.Restart{Node: node})
		}
	default: // rot is found when the node boots
		if s.run.Liveness > 0 && (s.nodes < 3 || s.needsAll()) {
			return // no quorum would be left without it
		}
		node.Node = s.rotten
		if s.take(node.Node, at, lasts) {
			s.rotted = true
			rot := language.DiskRot{Node: node}
			switch s.below(6) {
			case 0:
				rot.What = language.RotMeta
			case 1:
				rot.What = language.RotSnapshot
			default:
				rot.Records = 1 + s.below(2)
			}
			s.add(at, rot)
			s.add(at, language.Crash{Node: node, Keep: language.KeepAll})
			s.add(at+lasts, language.Restart{Node: node})
		}
	}
}

func (s *swarm) partition(at, lasts time.Duration) {
	if s.nodes < 2 {
		return
	}
	p := language.Partition{For: lasts}
	order := known(s.shuffled())
	half := 1 + s.below(s.nodes-1)
	switch shape := s.below(7); {
	case shape == 0 && s.nodes > 3:
		p.Form = language.FormRing
	case shape == 1 && s.nodes > 2:
		p.Form, p.Node = language.FormBridge, order[0]
	case shape == 2:
		p.Form, p.Pairs = language.FormCut, []language.TargetPair{{From: order[0], To: order[1]}}
	case shape == 3:
		p.Form, p.Pairs = language.FormCut, []language.TargetPair{
			{From: order[0], To: order[1]}, {From: order[1], To: order[0]},
		}
	case shape == 4:
		p.Form, p.Groups = language.FormGroups, [][]language.Target{order[:half], order[half:]}
		p.Every = s.between(50*time.Millisecond, time.Second)
	default:
		p.Form, p.Groups = language.FormGroups, [][]language.Target{order[:half], order[half:]}
	}
	s.add(at, p)
}

// conditions draws how the links change for a while.
func (s *swarm) conditions() language.ConditionsChange {
	share := func(most int) *network.Probability {
		p := network.Probability(s.below(most + 1))
		return &p
	}
	var c language.ConditionsChange
	datagram := s.run.Links.Kind == protocols.Datagram
	switch s.below(4) {
	case 0:
		least := s.between(0, 50*time.Millisecond)
		delay := network.UniformDelay(least, least+s.between(0, 500*time.Millisecond))
		c.Delay = &delay
	case 1:
		c.Corrupt = share(20_000)
	case 2:
		bandwidth := uint64(10_000 + s.below(1_000_000))
		c.Bandwidth = &bandwidth
	default:
		if datagram {
			c.Loss, c.Duplicate, c.Reorder = share(300_000), share(200_000), share(300_000)
			return c
		}
		delay := network.LogNormalDelay(s.between(time.Millisecond, 50*time.Millisecond), 1000)
		c.Delay = &delay
	}
	return c
}

// keep draws how many unforced writes a crash keeps.
func (s *swarm) keep() language.Keep {
	return []language.Keep{language.KeepNone, language.KeepNone, 1, 2, 3, language.KeepAll}[s.below(6)]
}

func (s *swarm) add(at time.Duration, action language.Action) {
	s.entries = append(s.entries, language.Entry{At: at, Action: action})
}

func (s *swarm) node() protocols.NodeID { return protocols.NodeID(1 + s.below(s.nodes)) }

// shuffled returns all nodes in a random order.
func (s *swarm) shuffled() []protocols.NodeID {
	order := make([]protocols.NodeID, s.nodes)
	for i := range order {
		order[i] = protocols.NodeID(i + 1)
	}
	for i := len(order) - 1; i > 0; i-- {
		j := s.below(i + 1)
		order[i], order[j] = order[j], order[i]
	}
	return order
}

func known(nodes []protocols.NodeID) []language.Target {
	var all []language.Target
	for _, id := range nodes {
		all = append(all, language.Target{Node: id})
	}
	return all
}

func (s *swarm) below(n int) int { return int(network.Below(&s.random, uint64(n))) }

func (s *swarm) between(least, most time.Duration) time.Duration {
	// Whole microseconds, so that a timeline reads well.
	return network.Between(&s.random, least, max(least, most)).Truncate(time.Microsecond)
}
