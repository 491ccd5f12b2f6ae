package scenarios

import (
	"fmt"
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// agenda carries out a timeline: what is due when, the ends of what lasts for
// a while, and what waits for a leader.
type agenda struct {
	run     *language.Run
	sim     *sim.Simulator
	random  sim.Random // draws what the timeline leaves open
	leaders *leaders
	phases  *phases
	items   []item // by time, then in the order added
	cuts    int    // counts the cuts, to name them
	changes int    // counts the changes of links: the latest one holds
}

// item is one thing to do.
type item struct {
	at     time.Duration
	action language.Action // nil: end
	end    func() error
}

func newAgenda(run *language.Run, s *sim.Simulator, seed uint64, l *leaders, p *phases) *agenda {
	a := &agenda{run: run, sim: s, random: sim.Stream(seed, "faults", 0), leaders: l, phases: p}
	for _, entry := range run.Timeline {
		a.add(item{at: entry.At, action: entry.Action})
	}
	return a
}

func (a *agenda) add(new item) {
	at := len(a.items)
	for at > 0 && a.items[at-1].at > new.at {
		at--
	}
	a.items = slices.Insert(a.items, at, new)
}

// later adds the end of something that lasts; a duration of 0 lasts for ever.
func (a *agenda) later(lasts time.Duration, end func() error) {
	if lasts > 0 {
		a.add(item{at: a.sim.World.Now + lasts, end: end})
	}
}

// carryOut boots the nodes and runs to an instant, doing on the way what is
// due. The error is a *sim.Failure.
func (a *agenda) carryOut(until time.Duration) error {
	for i := range a.run.Cluster.Nodes {
		if err := a.sim.Inflict(sim.Fault{Kind: sim.RestartNode, Node: protocols.NodeID(i + 1)}); err != nil {
			return err
		}
	}
	for {
		i := a.next()
		instant := until
		if i >= 0 {
			instant = min(until, max(a.items[i].at, a.sim.World.Now))
		}
		var stop func() bool
		if a.waiting() {
			stop = func() bool { return a.leaders.current() != 0 }
		}
		stopped, err := a.sim.RunUntil(instant, stop)
		if err != nil {
			return err
		}
		if stopped {
			continue
		}
		if i < 0 || a.items[i].at > until {
			return nil
		}
		if a.blocked(a.items[i]) {
			continue // it is due now, and waits from now on
		}
		due := a.items[i]
		a.items = slices.Delete(a.items, i, i+1)
		if err := a.do(due); err != nil {
			return err
		}
	}
}

// blocked reports whether an item that is due waits for a leader to appear.
func (a *agenda) blocked(i item) bool {
	return i.at <= a.sim.World.Now && needsLeader(i.action) && a.leaders.current() == 0
}

func (a *agenda) waiting() bool { return slices.ContainsFunc(a.items, a.blocked) }

// next returns the position of the first item that is not blocked, or -1.
func (a *agenda) next() int {
	return slices.IndexFunc(a.items, func(i item) bool { return !a.blocked(i) })
}

func (a *agenda) do(due item) error {
	if due.action == nil {
		return due.end()
	}
	switch action := due.action.(type) {
	case language.Say, language.Ask:
		return nil // narration: the story has it
	case language.Partition:
		return a.partition(action)
	case language.Heal:
		return a.heal(action)
	case language.LinksChange:
		return a.changeLinks(action)
	case language.DiskSlow, language.DiskFull, language.DiskFsyncFails, language.DiskRot:
		return a.disk(action)
	default:
		return a.process(action)
	}
}

// process does the faults of a node itself.
func (a *agenda) process(action language.Action) error {
	switch f := action.(type) {
	case language.Crash:
		return a.crash(f)
	case language.Restart:
		return a.inflict(sim.Fault{Kind: sim.RestartNode}, f.Node)
	case language.Pause:
		node := a.resolve(f.Node)
		return a.lasting(language.FaultPause, f.For,
			sim.Fault{Kind: sim.PauseNode, Node: node}, sim.Fault{Kind: sim.ResumeNode, Node: node})
	case language.Slow:
		node := a.resolve(f.Node)
		return a.lasting(language.FaultSlow, f.For,
			sim.Fault{Kind: sim.SlowNode, Node: node, By: f.By}, sim.Fault{Kind: sim.SlowNode, Node: node})
	case language.ClockJump:
		a.phases.strike(language.FaultClock, a.sim.World.Now)
		return a.inflict(sim.Fault{Kind: sim.JumpClock, By: f.Jump}, f.Node)
	case language.ClockDrift:
		a.phases.strike(language.FaultClock, a.sim.World.Now)
		return a.inflict(sim.Fault{Kind: sim.DriftClock, Drift: f.Drift}, f.Node)
	}
	panic(fmt.Sprintf("scenarios: no action %T", action))
}

func (a *agenda) crash(f language.Crash) error {
	fault := sim.Fault{Kind: sim.CrashNode, Keep: int(f.Keep), Torn: f.Torn}
	node := a.resolve(f.Node)
	if f.Keep == language.KeepRandom && node != 0 {
		unforced := a.sim.World.Nodes[node-1].Disk.Unforced()
		fault.Keep = int(a.random.Uint64() % uint64(unforced+1))
	}
	if f.OnFsync > 0 {
		fault.Kind, fault.Count, fault.Before = sim.CrashAtSync, uint64(f.OnFsync), f.BeforeFsync
	}
	return a.inflict(fault, language.Target{Node: node})
}

func (a *agenda) disk(action language.Action) error {
	switch f := action.(type) {
	case language.DiskSlow:
		node := a.resolve(f.Node)
		return a.lasting(language.FaultDisk, f.For,
			sim.Fault{Kind: sim.SlowDisk, Node: node, By: f.By}, sim.Fault{Kind: sim.SlowDisk, Node: node})
	case language.DiskFull:
		node := a.resolve(f.Node)
		return a.lasting(language.FaultDisk, f.For,
			sim.Fault{Kind: sim.FillDisk, Node: node, On: true}, sim.Fault{Kind: sim.FillDisk, Node: node})
	case language.DiskFsyncFails:
		a.phases.strike(language.FaultDisk, a.sim.World.Now)
		return a.inflict(sim.Fault{Kind: sim.FailForce}, f.Node)
	case language.DiskRot:
		a.phases.strike(language.FaultDisk, a.sim.World.Now)
		node := a.resolve(f.Node)
		for range f.Records {
			fault := sim.Fault{Kind: sim.RotRecord, Count: a.random.Uint64() >> 1}
			if err := a.inflict(fault, language.Target{Node: node}); err != nil {
				return err
			}
		}
	}
	return nil
}

// lasting inflicts a fault and puts its end on the agenda.
func (a *agenda) lasting(kind language.FaultKind, lasts time.Duration, begin, end sim.Fault) error {
	if begin.Node == 0 {
		return nil // nobody was there to be struck
	}
	a.phases.begin(kind, a.sim.World.Now)
	a.later(lasts, func() error {
		a.phases.end(kind, a.sim.World.Now)
		return a.sim.Inflict(end)
	})
	return a.sim.Inflict(begin)
}

// inflict lets a fault strike the node that a target resolves to, if any.
func (a *agenda) inflict(fault sim.Fault, target language.Target) error {
	if fault.Node = a.resolve(target); fault.Node == 0 {
		return nil
	}
	return a.sim.Inflict(fault)
}
