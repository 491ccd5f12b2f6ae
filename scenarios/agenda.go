package scenarios

import (
	"context"
	"fmt"
	"slices"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// agenda carries out a timeline: what is due when, the ends of what lasts for
// a while, and what waits for a leader.
type agenda struct {
	run     *language.Run
	sim     *sim.Simulator
	random  sim.Random // draws what the timeline leaves open
	leaders *leaders
	members *members
	phases  *phases
	// operator is nil if nothing is ever reconfigured.
	operator *operator
	items    []item // see add
	// started counts what was begun on the way: cuts, changes and what lasts
	// are told apart by that number.
	started int
	flaps   []*flap
	changes []change
	lasting map[struck][]lasting
	// deeds are those still to be done by hand; deedsDone what became of the others.
	deeds     []trace.Deed
	deedsDone []Done
}

// item is one thing to do.
type item struct {
	at time.Duration
	do func() error
	// leader: it waits until there is one.
	leader bool
	// end: it ends what was begun before.
	end bool
	// entry is the number of the timeline's entry, from 1, that it begins; 0 if
	// it begins none.
	entry int
}

func newAgenda(run *language.Run, x *execution, seed uint64) *agenda {
	a := &agenda{
		run: run, sim: x.sim, random: sim.Stream(seed, "faults", 0), lasting: map[struck][]lasting{},
		leaders: &x.leaders, members: &x.members, phases: &x.phases,
	}
	if reconfigures(run) {
		a.operator = &operator{agenda: a, tally: x.tally, client: protocols.ClientID(len(run.Clients) + 1)}
	}
	for i, entry := range run.Timeline {
		switch entry.Action.(type) {
		case language.Say, language.Ask: // narration: the story has it
		default:
			a.add(item{
				at: entry.At, do: func() error { return a.do(entry.Action) }, leader: needsLeader(entry.Action), entry: i + 1,
			})
		}
	}
	return a
}

// add puts an item in its place: by time; of one instant ends come first, for
// what lasts from 1s for 2s is over at 3s; else in the order added.
func (a *agenda) add(new item) {
	at := len(a.items)
	for at > 0 && (a.items[at-1].at > new.at || a.items[at-1].at == new.at && new.end && !a.items[at-1].end) {
		at--
	}
	a.items = slices.Insert(a.items, at, new)
}

// later adds the end of something that lasts; a duration of 0 lasts for ever.
func (a *agenda) later(lasts time.Duration, end func() error) {
	if lasts > 0 {
		a.add(item{at: a.sim.World.Now + lasts, do: end, end: true})
	}
}

// number returns a number that was not used before in this run.
func (a *agenda) number() int {
	a.started++
	return a.started
}

// contextEvery is how many steps pass between two looks at the context.
const contextEvery = 4096

// carryOut boots the nodes and runs to an instant, doing on the way what is
// due. The error is a *sim.Failure, or the context's.
func (a *agenda) carryOut(ctx context.Context, until time.Duration) error {
	if err := a.lendHand(); err != nil {
		return err
	}
	for i := range a.run.Cluster.Nodes {
		if err := a.sim.Inflict(sim.Fault{Kind: sim.RestartNode, Node: protocols.NodeID(i + 1)}); err != nil {
			return err
		}
		if err := a.lendHand(); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		if err := a.lendHand(); err != nil {
			return err
		}
		if a.operator != nil {
			a.operator.goOn()
		}
		i := a.next()
		instant := until
		if i >= 0 {
			instant = min(until, max(a.items[i].at, a.sim.World.Now))
		}
		stopped, err := a.sim.RunUntil(instant, a.interruption(ctx))
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
		if err := due.do(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// interruption returns what stops the simulator before the next item is due: a
// leader that something waits for, a deed, or the end of the context.
func (a *agenda) interruption(ctx context.Context) func() bool {
	waiting := slices.ContainsFunc(a.items, a.blocked)
	steps := 0
	return func() bool {
		steps++
		return waiting && a.leaders.current() != 0 || a.operator != nil && a.operator.news || a.byHand() ||
			steps%contextEvery == 0 && ctx.Err() != nil
	}
}

// blocked reports whether an item that is due waits for a leader to appear.
func (a *agenda) blocked(i item) bool {
	return i.leader && i.at <= a.sim.World.Now && a.leaders.current() == 0
}

// next returns the position of the first item that is not blocked, or -1.
func (a *agenda) next() int {
	return slices.IndexFunc(a.items, func(i item) bool { return !a.blocked(i) })
}

func (a *agenda) do(action language.Action) error {
	switch f := action.(type) {
	case language.Partition:
		return a.partition(f)
	case language.Heal:
		return a.heal(f)
	case language.LinksChange:
		return a.changeLinks(f)
	case language.Crash:
		return a.crash(f)
	case language.Restart:
		return a.inflict(sim.Fault{Kind: sim.RestartNode}, f.Node)
	case language.Pause:
		return a.last(f.Node, f.For, sim.Fault{Kind: sim.PauseNode}, sim.Fault{Kind: sim.ResumeNode})
	case language.Slow:
		return a.last(f.Node, f.For, sim.Fault{Kind: sim.SlowNode, By: f.By}, sim.Fault{Kind: sim.SlowNode})
	case language.ClockJump:
		return a.inflict(sim.Fault{Kind: sim.JumpClock, By: f.Jump}, f.Node)
	case language.ClockDrift:
		return a.inflict(sim.Fault{Kind: sim.DriftClock, Drift: f.Drift}, f.Node)
	case language.DiskSlow:
		return a.last(f.Node, f.For, sim.Fault{Kind: sim.SlowDisk, By: f.By}, sim.Fault{Kind: sim.SlowDisk})
	case language.DiskFull:
		return a.last(f.Node, f.For, sim.Fault{Kind: sim.FillDisk, On: true}, sim.Fault{Kind: sim.FillDisk})
	case language.DiskFsyncFails:
		return a.inflict(sim.Fault{Kind: sim.FailForce}, f.Node)
	case language.DiskRot:
		return a.rot(f)
	case language.DiskLost:
		return a.lose(f)
	case language.Reconfigure:
		a.reconfigure(f)
		return nil
	case language.Core:
		return a.core(f)
	}
	panic(fmt.Sprintf("scenarios: no action %T", action))
}

func (a *agenda) crash(f language.Crash) error {
	node := a.resolve(f.Node)
	if node == 0 {
		return nil
	}
	fault := sim.Fault{Kind: sim.CrashNode, Node: node, Keep: int(f.Keep), Torn: f.Torn, Power: f.Power}
	if f.OnFsync > 0 {
		fault.Kind, fault.Count, fault.Before = sim.CrashAtSync, uint64(f.OnFsync), f.BeforeFsync
	}
	if f.Keep == language.KeepRandom {
		fault.Keep = a.keep(node, f.OnFsync > 0)
	}
	return a.sim.Inflict(fault)
}

// keep draws how many of its unforced writes a node keeps: of those that it has
// now or, if it crashes later, of as many as it may then have.
func (a *agenda) keep(node protocols.NodeID, later bool) int {
	const few = 3 // more are rarely unforced at one time
	unforced := a.sim.World.Nodes[node-1].Disk.Unforced()
	if later {
		unforced = max(unforced, few)
	}
	return int(network.Below(&a.random, uint64(unforced)+1))
}

func (a *agenda) rot(f language.DiskRot) error {
	switch f.What {
	case language.RotMeta:
		return a.inflict(sim.Fault{Kind: sim.RotMeta}, f.Node)
	case language.RotSnapshot:
		return a.inflict(sim.Fault{Kind: sim.RotSnapshot}, f.Node)
	}
	node := a.resolve(f.Node)
	for range f.Records {
		fault := sim.Fault{Kind: sim.RotRecord, Count: a.random.Uint64()}
		if err := a.inflict(fault, language.Target{Node: node}); err != nil {
			return err
		}
	}
	return nil
}

// lose stops a node, if it is up, and takes its disk away.
func (a *agenda) lose(f language.DiskLost) error {
	node := a.resolve(f.Node)
	if node == 0 {
		return nil
	}
	target := language.Target{Node: node}
	if err := a.inflict(sim.Fault{Kind: sim.CrashNode}, target); err != nil {
		return err
	}
	return a.inflict(sim.Fault{Kind: sim.LoseDisk}, target)
}

// inflict lets a fault strike the node that a target resolves to, if any.
func (a *agenda) inflict(fault sim.Fault, target language.Target) error {
	if fault.Node = a.resolve(target); fault.Node == 0 {
		return nil
	}
	return a.sim.Inflict(fault)
}

// struck is where faults that last strike, and of which kind they are.
type struck struct {
	kind sim.FaultKind
	node protocols.NodeID
}

// lasting is a fault that is not over yet.
type lasting struct {
	number int
	fault  sim.Fault
}

// last inflicts a fault that lasts, and puts its end on the agenda. Of several
// of a kind that last at one node the latest is in force; when it is over, the
// latest of those that still last is again.
func (a *agenda) last(target language.Target, lasts time.Duration, begin, end sim.Fault) error {
	node := a.resolve(target)
	if node == 0 {
		return nil
	}
	begin.Node, end.Node = node, node
	at, mine := struck{begin.Kind, node}, a.number()
	a.lasting[at] = append(a.lasting[at], lasting{mine, begin})
	a.later(lasts, func() error {
		all := a.lasting[at]
		inForce := all[len(all)-1].number == mine
		all = slices.DeleteFunc(all, func(l lasting) bool { return l.number == mine })
		a.lasting[at] = all
		switch {
		case !inForce:
			return nil
		case len(all) > 0:
			return a.sim.Inflict(all[len(all)-1].fault)
		}
		return a.sim.Inflict(end)
	})
	return a.sim.Inflict(begin)
}
