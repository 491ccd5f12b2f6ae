package scenarios

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"runtime/debug"

	"quorumlab/checker"
	"quorumlab/checker/cost"
	"quorumlab/checker/linear"
	"quorumlab/checker/mutants"
	"quorumlab/checker/refine"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/state"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// Lab runs scenarios. It never changes once made and may be used by many
// goroutines at once.
type Lab struct {
	codec      *state.Codec
	vocabulary language.Vocabulary // with all protocols
	mutant     func(name string) (mutants.Mutant, error)
}

// NewLab returns a lab that knows the catalog's protocols and all mutants.
func NewLab() (*Lab, error) {
	types := append(catalog.Types(), mutants.Types()...)
	types = append(types, sim.Types()...)
	codec, err := state.NewCodec(types...)
	if err != nil {
		return nil, fmt.Errorf("scenarios: %w", err)
	}
	return &Lab{codec: codec, vocabulary: vocabulary(), mutant: mutants.Lookup}, nil
}

// Options is how a scenario is run.
type Options struct {
	Seed uint64
	// Mutant names the mutant that all nodes are wrapped in; "": none.
	Mutant string
	// Trace, if not nil, gets the trace.
	Trace io.Writer
	// Hashless leaves the hash out, which makes runs faster; Trace is nil.
	Hashless bool
	// Cost has measured what operations cost.
	Cost bool
	// Deeds is what is done by hand on the way, in order.
	Deeds []trace.Deed
	// Refine has the run, if there is a specification of its protocol, held against
	// that, step by step.
	Refine bool
	// Unwritten: the trace does not tell of that, for it is one that did not.
	Unwritten bool
	// Truth has gathered what an onlooker knows who sees all nodes.
	Truth bool
}

// Run executes all runs of a scenario. The error is one of usage, of the
// Trace's writer, or the context's; that a run does not show what is expected
// is no error.
func (l *Lab) Run(ctx context.Context, scenario *language.Scenario, options Options) (*Report, error) {
	report := &Report{Schema: ReportVersion, Scenario: scenario.Name, Seed: options.Seed, Mutant: options.Mutant}
	for i := range scenario.Runs {
		result, err := l.Execute(ctx, scenario, &scenario.Runs[i], options)
		if err != nil {
			return nil, err
		}
		report.add(*result)
	}
	return report, nil
}

func (r *Report) add(result Result) {
	if len(r.Runs) == 0 {
		r.Hash = result.Hash
	} else {
		hash := fnv.New64a()
		fmt.Fprint(hash, r.Hash, result.Hash)
		r.Hash = fmt.Sprintf("%016x", hash.Sum64())
	}
	r.Runs = append(r.Runs, result)
	r.Steps += result.Steps
	r.VirtualSeconds += result.Virtual.Seconds()
	r.Verdicts = append(r.Verdicts, result.Verdicts...)
	r.Availability = append(r.Availability, result.Availability...)
	if result.InDoubt != nil {
		r.InDoubt = append(r.InDoubt, *result.InDoubt)
	}
	if result.Cost != nil {
		r.Cost = append(r.Cost, RunCost{Run: result.Run.Name, Cost: *result.Cost})
	}
}

// execution is one run under way.
type execution struct {
	run        *language.Run
	sim        *sim.Simulator
	agenda     *agenda
	leaders    leaders
	members    members
	phases     phases
	clients    *recorder
	tally      *tally
	doubts     *doubts
	invariants *checker.Set
	trace      *trace.Recorder // nil: no hash is wanted
	cost       *cost.Meter     // nil: it is not wanted
	truth      *witnessOfAll   // nil: likewise
	refinement *refine.Watch   // nil: likewise, or there is no specification
	unwritten  bool
}

// Execute executes one run of a scenario, and judges it. The run may be another
// than the scenario's own (that of a Swarm, a smaller one), but then its trace
// does not replay: replaying takes the run from the scenario. The error is one
// of usage, of the Trace's writer, or the context's.
func (l *Lab) Execute(ctx context.Context, scenario *language.Scenario, run *language.Run, options Options) (*Result, error) {
	running, err := l.Begin(scenario, run, options)
	if err != nil {
		return nil, err
	}
	if err := running.CarryOut(ctx); err != nil {
		return nil, err
	}
	return running.Judge(ctx)
}

// prepare makes a simulator and all that watches it.
func (l *Lab) prepare(scenario *language.Scenario, run *language.Run, options Options) (*execution, error) {
	wrap, err := l.wrapper(options.Mutant, run.Protocol)
	if err != nil {
		return nil, err
	}
	setup, err := l.setup(run, wrap)
	if err != nil {
		return nil, err
	}
	world, err := sim.NewWorld(setup)
	if err != nil {
		return nil, err
	}
	for i, node := range run.Cluster.Nodes {
		world.Nodes[i].Clock = sim.Clock{Reading: node.Skew, Drift: int64(node.Drift)}
	}
	x := &execution{run: run, phases: phases{normal: run.Links.Of}, clients: newRecorder(run)}
	if x.invariants, err = checker.NewSet(setup.Protocol.Invariants...); err != nil {
		return nil, fmt.Errorf("scenarios: %w", err)
	}
	x.sim = sim.NewSimulator(world, config(run, options.Seed))
	x.tally = newTally(run, &x.phases, setup.Protocol.Milestones)
	x.doubts = newDoubts()
	x.members.begin(run)
	heard := &notes{listeners: []listener{&x.leaders, &x.members, x.tally, x.doubts}}
	for _, o := range []sim.Observer{&x.leaders, &x.phases, x.clients, x.tally, heard, x.invariants} {
		x.sim.Watch(o)
	}
	if options.Cost {
		x.cost = cost.New(l.codec)
		x.sim.Watch(x.cost)
	}
	if options.Truth {
		x.truth = newTruth(run)
		x.sim.Watch(x.truth)
	}
	if options.Refine && refine.Specified(run.Protocol) {
		x.refinement, x.unwritten = refine.NewWatch(), options.Unwritten
		x.sim.Watch(x.refinement)
	}
	if !options.Hashless {
		x.trace, err = trace.NewRecorder(options.Trace, l.codec, header(scenario, run, options))
		if err != nil {
			return nil, err
		}
		x.sim.Watch(x.trace)
	}
	x.agenda = newAgenda(run, x, options.Seed)
	if err := x.agenda.take(options.Deeds); err != nil {
		return nil, err
	}
	if x.agenda.operator != nil {
		x.sim.Watch(x.agenda.operator)
	}
	return x, nil
}

// wrapper returns what makes mutants of nodes, nil if none are wanted.
func (l *Lab) wrapper(mutant, protocol string) (func(protocols.Node) protocols.Node, error) {
	if mutant == "" {
		return nil, nil
	}
	m, err := l.mutant(mutant)
	if err != nil {
		return nil, err
	}
	if m.Protocol != "" && m.Protocol != protocol {
		return nil, fmt.Errorf("mutant %s is one of %s, but the run is one of %s\n  hint: the scenario %s shows it",
			m.Name, m.Protocol, protocol, m.Scenario)
	}
	return m.Wrap, nil
}

// header tells what a run is one of.
func header(scenario *language.Scenario, run *language.Run, options Options) trace.Header {
	h := trace.Header{
		Trace: trace.Version, Scenario: scenario.Name, Run: run.Name, Seed: options.Seed, Mutant: options.Mutant, Deeds: options.Deeds,
		Refine:   options.Refine && !options.Unwritten,
		Document: json.RawMessage(scenario.Canonical), Code: CodeVersion(),
	}
	for _, node := range run.Cluster.Nodes {
		h.Nodes = append(h.Nodes, node.Name)
	}
	for _, client := range run.Clients {
		h.Clients = append(h.Clients, client.Name)
	}
	if reconfigures(run) {
		h.Clients = append(h.Clients, language.Operator)
	}
	return h
}

// CodeVersion returns the revision that the program was built from or, if that
// is not known, the module's version; "(devel)" if neither is.
func CodeVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return cmp.Or(info.Main.Version, "(devel)")
}

// Initial returns the operations that stand for the values of the keys before
// a run: writes that returned before anything else began.
func Initial(run *language.Run) linear.History {
	var history linear.History
	for i, key := range sortedKeys(run.Initial) {
		history = append(history, linear.Operation{
			ID: -1 - i, Client: "the scenario", Key: key, Kind: linear.Write, In: linear.Some(run.Initial[key]),
			Invoke: -2, Return: -1, Outcome: linear.OK,
		})
	}
	return history
}
