package command

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
	"quorumlab/scenarios"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// bench measures.
type bench struct {
	lab     *lab
	ctx     context.Context
	options benchOptions
	line    *progress
}

// The world that is measured: three nodes, and clients that ask as fast as
// they are answered.
const (
	benchNodes   = 3
	benchClients = 12
	benchKeys    = 16
	// benchProtocol is the one that stands for the simulator itself.
	benchProtocol = "zab"
	// benchWarm is the part of the steps that comes before the measured ones.
	benchWarm = 10
)

// world measures the bare world: nobody watches.
func (b *bench) world() ([]figure, error) {
	var speeds, allocations []float64
	for round := range b.options.rounds {
		b.say("steps/s of the bare world", round)
		speed, allocated, err := b.worldRound(benchProtocol, nil)
		if err != nil {
			return nil, err
		}
		speeds, allocations = append(speeds, speed), append(allocations, allocated)
	}
	return []figure{
		newFigure("world", "steps/s", "three Zab nodes under load, one core, no trace, no judges", speeds),
		newFigure("world allocations", "a step", "of the same", allocations),
	}, nil
}

// worldTraced measures the world while a trace of it is made and thrown away.
func (b *bench) worldTraced() ([]figure, error) {
	var speeds []float64
	for round := range b.options.rounds {
		b.say("steps/s with a trace", round)
		speed, _, err := b.worldRound(benchProtocol, io.Discard)
		if err != nil {
			return nil, err
		}
		speeds = append(speeds, speed)
	}
	return []figure{newFigure("world with trace", "steps/s", "the same, writing a trace", speeds)}, nil
}

func (b *bench) say(what string, round int) {
	b.line.update(func() string { return fmt.Sprintf("measuring %s: round %d of %d", what, round+1, b.options.rounds) })
}

// protocols measures the bare world of each other protocol of the catalog.
func (b *bench) protocols() ([]figure, error) {
	var figures []figure
	for _, protocol := range catalog.All() {
		if protocol.Name == benchProtocol {
			continue
		}
		if err := answers(protocol.Name); err != nil {
			return nil, internal(err)
		}
		var speeds, allocations []float64
		for round := range b.options.rounds {
			b.say("steps/s of "+protocol.Name, round)
			speed, allocated, err := b.worldRound(protocol.Name, nil)
			if err != nil {
				return nil, err
			}
			speeds, allocations = append(speeds, speed), append(allocations, allocated)
		}
		about := "three " + protocol.Name + " nodes under the same load as world, one core, no trace, no judges"
		figures = append(figures,
			newFigure(protocol.Name, "steps/s", about, speeds),
			newFigure(protocol.Name+" allocations", "a step", "of the same", allocations))
	}
	return figures, nil
}

// answered is an observer that counts the operations that ended well, and all.
type answered struct{ ok, all int }

func (a *answered) Observe(_ *sim.World, step *sim.Step) {
	if step.Client.Returned {
		a.all++
		if step.Client.Outcome == sim.OK {
			a.ok++
		}
	}
}

// answers makes sure that a protocol under load answers its clients: one that
// refuses them is fast at doing nothing.
func answers(protocol string) error {
	const enough = 20_000
	s, err := benchWorld(protocol, enough, nil)
	if err != nil {
		return err
	}
	var count answered
	s.Watch(&count)
	if err := runSteps(s, enough); err != nil {
		return err
	}
	if count.ok < count.all*9/10 || count.ok == 0 {
		return fmt.Errorf("bench: of %d operations %s answers only %d", count.all, protocol, count.ok)
	}
	return nil
}

// worldRound runs a fresh world on one core and returns its steps a second and
// its allocations a step, after it has warmed up.
func (b *bench) worldRound(protocol string, traced io.Writer) (speed, allocations float64, err error) {
	if err := b.ctx.Err(); err != nil {
		return 0, 0, err
	}
	s, err := benchWorld(protocol, b.options.steps, traced)
	if err != nil {
		return 0, 0, internal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if err := runSteps(s, b.options.steps/benchWarm); err != nil {
		return 0, 0, internal(err)
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	first, started := s.Steps, time.Now()
	if err := runSteps(s, s.Steps+b.options.steps); err != nil {
		return 0, 0, internal(err)
	}
	took := time.Since(started).Seconds()
	runtime.ReadMemStats(&after)
	for _, client := range s.World.Clients {
		if client.Next == 0 || client.Next == len(client.Script) {
			return 0, 0, internal(fmt.Errorf("bench: client %s is idle, so this is no load", client.Name))
		}
	}
	steps := float64(s.Steps - first)
	return steps / took, float64(after.Mallocs-before.Mallocs) / steps, nil
}

// runSteps runs a simulator until it has done so many steps.
func runSteps(s *sim.Simulator, steps uint64) error {
	const slice, patience = 50 * time.Millisecond, 1000
	for idle := 0; s.Steps < steps; {
		before := s.Steps
		if _, err := s.RunUntil(s.World.Now+slice, nil); err != nil {
			return err
		}
		if idle++; s.Steps > before {
			idle = 0
		}
		if idle == patience {
			return fmt.Errorf("bench: the world stands still after %d steps", s.Steps)
		}
	}
	return nil
}

// benchWorld makes a simulator with work for more than so many steps.
func benchWorld(name string, steps uint64, traced io.Writer) (*sim.Simulator, error) {
	codec, err := state.NewCodec(append(catalog.Types(), sim.Types()...)...)
	if err != nil {
		return nil, err
	}
	protocol, err := catalog.Lookup(name)
	if err != nil {
		return nil, err
	}
	parameters, err := catalog.Parameters(protocol, nil)
	if err != nil {
		return nil, err
	}
	world, err := sim.NewWorld(&sim.Setup{
		Protocol: protocol, Tick: 200 * time.Millisecond, Parameters: parameters, Codec: codec,
		Names: []string{"n1", "n2", "n3"}, Clients: benchLoad(int(steps)),
		Machine: func() protocols.StateMachine { return machine.NewKV() },
	})
	if err != nil {
		return nil, err
	}
	s := sim.NewSimulator(world, sim.Config{
		Seed: 1,
		Conditions: func(_, _ protocols.NodeID) network.Conditions {
			return network.Conditions{Delay: network.UniformDelay(time.Millisecond, 5*time.Millisecond)}
		},
		DiskLatency: func(protocols.NodeID) network.Distribution {
			return network.UniformDelay(time.Millisecond, 3*time.Millisecond)
		},
		ClientDelay:   network.UniformDelay(50*time.Microsecond, 250*time.Microsecond),
		StreamTimeout: 3 * time.Second, DialTimeout: 100 * time.Millisecond,
	})
	if traced != nil {
		recorder, err := trace.NewRecorder(traced, codec, trace.Header{Scenario: "bench", Run: "world", Seed: 1})
		if err != nil {
			return nil, err
		}
		s.Watch(recorder)
	}
	for i := range benchNodes {
		if err := s.Inflict(sim.Fault{Kind: sim.RestartNode, Node: protocols.NodeID(i + 1)}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// benchLoad makes clients that read and write in turn, each as soon as it has
// its answer. An operation takes several steps, so it lasts.
func benchLoad(steps int) []sim.Client {
	clients := make([]sim.Client, benchClients)
	for i := range clients {
		home := protocols.NodeID(i%benchNodes + 1)
		clients[i] = sim.Client{
			ID: protocols.ClientID(i + 1), Name: fmt.Sprintf("c%d", i+1), Side: "all", Place: home,
			Contacts: []protocols.NodeID{home}, Timeout: 2 * time.Second,
		}
		for n := range steps/benchClients + 1 {
			command := machine.Command{Op: machine.Get, Key: fmt.Sprintf("k%d", (i+n)%benchKeys)}
			if n%2 == 0 {
				command.Op, command.Value = machine.Put, fmt.Sprintf("%d.%d", i, n)
			}
			clients[i].Script = append(clients[i].Script, sim.Operation{
				Number: n*benchClients + i + 1, At: 2 * time.Second, Command: command,
			})
		}
	}
	return clients
}

// virtualTime measures a whole run as `sweep` does it, judges included.
func (b *bench) virtualTime() ([]figure, error) {
	scenario, err := b.lab.Shipped("zab-partition")
	if err != nil {
		return nil, internal(err)
	}
	run := &scenario.Runs[0]
	for i := range scenario.Runs {
		if len(scenario.Runs[i].Cluster.Nodes) == 5 {
			run = &scenario.Runs[i]
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var ratios, speeds []float64
	for round := range b.options.rounds {
		b.say("virtual time", round)
		if err := b.ctx.Err(); err != nil {
			return nil, err
		}
		virtual, steps, started := 0.0, uint64(0), time.Now()
		for seed := range b.options.seeds {
			result, err := b.lab.Execute(b.ctx, scenario, run, scenarios.Options{Seed: seed + 1, Hashless: true})
			if err != nil {
				return nil, err
			}
			virtual, steps = virtual+result.Virtual.Seconds(), steps+result.Steps
		}
		took := time.Since(started).Seconds()
		ratios, speeds = append(ratios, virtual/took), append(speeds, float64(steps)/took)
	}
	about := fmt.Sprintf("zab-partition/%s at its own load, one core, judged", run.Name)
	return []figure{
		newFigure("virtual time", "× real time", about, ratios),
		newFigure("judged run", "steps/s", "of the same", speeds),
	}, nil
}

// scalingSeeds is how many times as many seeds a sweep has as the other figures:
// with few of them the last one, alone on its core, would decide.
const scalingSeeds = 8

// sweepOn sweeps on so many cores, with as many jobs, and returns how long it
// took in seconds. The garbage collector gets no core of its own.
func (b *bench) sweepOn(cores int, sweep scenarios.Sweep) (float64, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
	sweep.Jobs = cores
	report, err := b.lab.Sweep(b.ctx, sweep)
	if err != nil {
		return 0, err
	}
	return report.Seconds, b.ctx.Err()
}

// scaling measures a sweep on one core and on two, in turn, and every other
// round the other way round: a machine that others share gets slower and faster
// in the course of seconds.
func (b *bench) scaling() ([]figure, error) {
	if runtime.GOMAXPROCS(0) < 2 {
		b.lab.hint("one core only: the scaling of a sweep is not measured")
		return nil, nil
	}
	scenario, err := b.lab.Shipped("zab-partition")
	if err != nil {
		return nil, internal(err)
	}
	sweep := scenarios.Sweep{From: 1, To: scalingSeeds * b.options.seeds, Mode: scenarios.BothModes}
	sweep.Scenarios = append(sweep.Scenarios, scenario)
	var ratios, speeds []float64
	for round := range b.options.rounds {
		b.say("the scaling of a sweep", round)
		var took [2]float64
		for k := range took {
			i := (k + round) % len(took)
			if took[i], err = b.sweepOn(i+1, sweep); err != nil {
				return nil, err
			}
		}
		ratios = append(ratios, took[0]/took[1])
		speeds = append(speeds, float64(scalingSeeds*b.options.seeds)/took[1]*time.Hour.Seconds())
	}
	return []figure{
		newFigure("sweep on two cores", "× one core", "zab-partition, scripted and swarm, one job a core", ratios),
		newFigure("sweep", "seeds/h", "the same on two cores", speeds),
	}, nil
}
