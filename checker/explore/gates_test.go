package explore_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/reference"
	"quorumlab/checker/explore/world"
	"quorumlab/scenarios"
)

// gatesMax bounds the models that are looked at by default; .ci/run has all of
// up to a million states looked at.
var gatesMax = flag.Uint64("gates", 2000, "most distinct states of a model that the soundness gates look at")

var worlds = sync.OnceValues(func() ([]explore.Entry, error) {
	lab, err := scenarios.NewLab()
	if err != nil {
		return nil, err
	}
	return lab.Worlds("")
})

// gated lists models with parameters: each model there is, in several ways.
func gated() []string {
	return []string{
		"twophase rms=1", "twophase", "twophase rms=5", "twophase rms=7",
		"twophase-fair", "twophase-fair fairness=none rms=2", "tcommit", "tcommit rms=7", "cap-strategies",
		"paxos-spec", "paxos-spec acceptors=1 values=1", "paxos-spec quorums=minimal values=1", "paxos-spec acceptors=2 ballots=3",
		"paxoscommit-spec acceptors=1", "paxoscommit-spec rms=1", "paxoscommit-spec rms=1 quorums=majorities ballots=3",
		"tcommit rms=1", "paxos-spec acceptors=4 values=1", "paxos-spec ballots=3", "paxoscommit-spec acceptors=2", "paxoscommit-spec rms=3 acceptors=1",
		"zab-spec", "zab-spec servers=1 txns=2", "zab-spec servers=2 txns=1 timeouts=1", "zab-spec servers=2 txns=2 timeouts=2 restarts=2",
		"register-single", "register-single servers=2", "register-single servers=2 network=ordered", "register-single clients=3 servers=2",
		"register-single servers=2 network=dup", "register-abd", "register-abd network=ordered", "register-abd clients=1 servers=3",
		"register-abd network=dup clients=1", "register-abd clients=3", "register-paxos clients=1", "register-paxos",
		"register-paxos network=ordered servers=2", "register-paxos network=ordered", "register-paxos network=dup servers=2",
		mysqlAB, "primarybackup nodes=2 clients=2" + plain, "primarybackup nodes=2 crashes=1" + plain,
		"primarybackup nodes=3 clients=2 reads=local replication=async" + plain, "primarybackup nodes=2 breaks=1 timers=1" + plain,
		"quorumstore nodes=2 n=2" + plain, "quorumstore" + plain, "quorumstore nodes=2 n=2 clients=2" + plain,
		"quorumstore nodes=2 n=2 drops=1" + plain, "quorumstore nodes=2 n=2 duplicates=1" + plain,
		"twopc nodes=2" + plain, "twopc nodes=3" + plain, "twopc nodes=2 crashes=1" + plain, "twopc nodes=2 drops=1 timers=2" + plain,
		"threepc nodes=2" + plain, "threepc nodes=3" + plain, "threepc nodes=2 timers=2 crashes=1" + plain,
		"paxoscommit" + plain, "paxoscommit nodes=2 faults=0" + plain, "paxoscommit nodes=2 faults=0 timers=1" + plain, "paxoscommit nodes=2 faults=0 timers=1 crashes=1" + plain,
		"paxos nodes=2 timers=1" + plain, "paxos timers=1" + plain, "paxos nodes=2 timers=2 crashes=1" + plain, "paxos nodes=1 clients=2 timers=1" + plain,
		"zab nodes=2 timers=2" + plain, "zab nodes=2 timers=3" + plain, "zab nodes=2 timers=2 crashes=1" + plain, "zab nodes=1 timers=1" + plain,
		// What a world leaves out by default, one by one and together.
		"primarybackup nodes=2 clients=2 calls=prompt" + plain, "primarybackup nodes=2 crashes=1 disks=prompt" + plain,
		"primarybackup calls=prompt crashes=1 disks=prompt" + plain,
		"quorumstore clients=2 calls=prompt effectless=skipped" + plain, "paxos nodes=2 idle=2 effectless=skipped" + plain,
		"paxos nodes=2 idle=2 crashes=1 effectless=skipped disks=prompt calls=prompt" + plain, "twopc idle=1 links=stream" + plain,
		"zab nodes=2 idle=2 disks=prompt calls=prompt" + plain, "zab nodes=2 start=leader crashes=1 idle=2 hints=prompt disks=prompt" + plain,
		"zab nodes=2 timers=1 crashes=0", "paxos nodes=2 crashes=0 drops=0", "primarybackup nodes=2", "quorumstore", "twopc nodes=2", "threepc nodes=2", "paxoscommit",
	}
}

// plain has every order explored and nothing left out, and no fault but those that
// stand before it.
const plain = " start=boot disks=any hints=any calls=any effectless=delivered asks=turns contacts=all " +
	"clients=1 operations=1 timers=0 idle=0 crashes=0 cuts=0 expirations=0 breaks=0 drops=0 duplicates=0"

// mysqlAB is two copies of which each is read and written where it is: what
// clients see depends on who was asked first.
const mysqlAB = "primarybackup nodes=2 clients=2 operations=2 reads=local replication=async" + plain

func entries(t *testing.T) []explore.Entry {
	t.Helper()
	all, err := worlds()
	if err != nil {
		t.Fatal(err)
	}
	return append(slices.Clone(all), reference.All()...)
}

// makeModel makes a model from its name and parameters.
func makeModel(t *testing.T, told string) explore.Model {
	t.Helper()
	fields := strings.Fields(told)
	all := entries(t)
	at := slices.IndexFunc(all, func(e explore.Entry) bool { return e.Name == fields[0] })
	if at < 0 {
		t.Fatalf("no model %s", fields[0])
	}
	set := map[string]string{}
	for _, field := range fields[1:] {
		name, value, _ := strings.Cut(field, "=")
		if _, given := set[name]; !given {
			set[name] = value
		}
	}
	model, _, err := all[at].Make(set)
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func run(t *testing.T, m explore.Model, o explore.Options) *explore.Result {
	t.Helper()
	o.Workers = max(1, o.Workers)
	r, err := explore.Run(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestGatesCoverAll: no model is forgotten.
func TestGatesCoverAll(t *testing.T) {
	for _, entry := range entries(t) {
		if !slices.ContainsFunc(gated(), func(told string) bool { return strings.Fields(told)[0] == entry.Name }) {
			t.Errorf("the gates never look at %s", entry.Name)
		}
	}
}

// eachGated looks at every model that is small enough.
func eachGated(t *testing.T, look func(t *testing.T, told string, m explore.Model)) {
	for _, told := range gated() {
		t.Run(strings.ReplaceAll(strings.Replace(told, plain, " plain", 1), " ", ","), func(t *testing.T) {
			m := makeModel(t, told)
			if r := run(t, m, explore.Options{StatesMax: *gatesMax}); !r.Complete() {
				t.Skipf("more than %d states", *gatesMax)
			}
			look(t, told, m)
		})
	}
}

// TestGateReductions: each reduction by itself and all together, with one worker
// and two, give the verdicts, the local states, the histories and the number of
// final states that the search gives without them.
func TestGateReductions(t *testing.T) {
	eachGated(t, func(t *testing.T, told string, m explore.Model) {
		parts := map[string]bool{}
		whole := run(t, m, explore.Options{Audit: true, Visit: local(m, parts)})
		if again := run(t, m, explore.Options{Workers: 2, Wide: true, Seed: 1}); counts(again) != counts(whole) {
			t.Errorf("two workers count %s, one %s", counts(again), counts(whole))
		}
		_, divided := m.Expander().(explore.Divided)
		_, symmetric := m.Expander().(explore.Symmetric)
		for name, o := range map[string]explore.Options{
			"both":       {PartialOrder: true},
			"persistent": {PartialOrder: true, Awake: true},
			"sleep":      {PartialOrder: true, Insistent: true},
			"symmetry":   {Symmetry: true},
			"all":        {PartialOrder: true, Symmetry: true},
		} {
			if o.PartialOrder && !divided || o.Symmetry && !symmetric {
				continue
			}
			reached := map[string]bool{}
			o.Visit = local(m, reached)
			less := run(t, m, o)
			if verdicts(less) != verdicts(whole) || less.Distinct > whole.Distinct || !less.Complete() {
				t.Errorf("%s: %s, without: %s", name, verdicts(less), verdicts(whole))
			}
			if !o.Symmetry && (!maps.Equal(parts, reached) || less.Terminal != whole.Terminal) {
				t.Errorf("%s: %d local states and histories, %d final states; without: %d and %d",
					name, len(reached), less.Terminal, len(parts), whole.Terminal)
			}
			o.Workers, o.Visit = 2, nil
			if two := run(t, m, o); counts(two) != counts(less) {
				t.Errorf("%s: two workers count %s, one %s", name, counts(two), counts(less))
			}
			for _, f := range less.Findings {
				checkRun(t, m, f)
			}
			t.Logf("%s: %s; without: %s", name, counts(less), counts(whole))
		}
	})
}

func counts(r *explore.Result) string {
	return fmt.Sprint(r.Distinct, "/", r.Generated, "/", r.Depth, " final ", r.Terminal, " ", r.Kinds)
}

func verdicts(r *explore.Result) string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, f.Property.Name+" "+string(f.Verdict))
	}
	return strings.Join(all, ", ")
}

// checkRun makes a run again, without reductions, and in the simulator if it is
// one of real nodes.
func checkRun(t *testing.T, m explore.Model, f explore.Finding) {
	t.Helper()
	if f.Path == nil {
		return
	}
	path, err := explore.Retrace(m, explore.NewTrace("", m, nil, "", f.Property.Name, f.Path))
	if err != nil {
		t.Errorf("%s: %v", f.Property.Name, err)
		return
	}
	if !explore.Breaks(m, path, explore.PropertyNamed(m, f.Property.Name)) {
		t.Errorf("%s: the run made again does not hit it", f.Property.Name)
	}
	if w, ok := m.(*world.Model); ok {
		if err := w.Replay(path); err != nil {
			t.Errorf("%s: in the simulator: %v", f.Property.Name, err)
		}
	}
}

// local returns what takes down the local states and histories that are visited.
func local(m explore.Model, parts map[string]bool) func([]uint32) {
	if _, ok := m.(*world.Model); !ok {
		return func(state []uint32) {
			for _, line := range m.Describe(state) {
				if !strings.HasPrefix(line, "under way") && !strings.HasPrefix(line, "msgs") {
					parts[line] = true
				}
			}
		}
	}
	// A word a node, a pair of nodes, a client, and the history; two more.
	actors := m.Expander().(explore.Divided).Actors()
	nodes, pairs := 1, m.Width()-3-actors
	for nodes*(nodes-1)/2 < pairs {
		nodes++
	}
	type part struct{ at, word uint32 }
	known := map[part]bool{}
	return func(state []uint32) {
		for at, word := range state[:len(state)-2] {
			if at >= nodes && at < nodes+pairs || known[part{uint32(at), word}] {
				continue
			}
			known[part{uint32(at), word}] = true
			parts[fmt.Sprint(at, " ", word)] = true
		}
	}
}

// ordered is a model whose successors come in another order.
type ordered struct {
	explore.Model
	order func(n int) []int
}

type orderedExpander struct {
	explore.Expander
	stepper *explore.Stepper
	order   func(n int) []int
}

// orderedDivided is one whose steps are divided.
type orderedDivided struct {
	orderedExpander
	explore.Attributed
}

func (m ordered) Expander() explore.Expander {
	x := orderedExpander{m.Model.Expander(), explore.NewStepper(m.Model), m.order}
	if divided, ok := x.Expander.(explore.Attributed); ok {
		return orderedDivided{x, divided}
	}
	return x
}

func (x orderedDivided) Initial(b *explore.Batch)                { x.orderedExpander.Initial(b) }
func (x orderedDivided) Expand(state []uint32, b *explore.Batch) { x.orderedExpander.Expand(state, b) }

func (x orderedDivided) Hits(state []uint32) uint64 { return x.orderedExpander.Hits(state) }

func (x orderedDivided) Pending(state []uint32, actor int, b *explore.Batch) bool {
	states, labels, ok := x.stepper.Pending(state, actor)
	x.emit(states, labels, b)
	return ok
}

func (x orderedExpander) Expand(state []uint32, b *explore.Batch) {
	states, labels := x.stepper.Next(state)
	x.emit(states, labels, b)
}

func (x orderedExpander) emit(states [][]uint32, labels []explore.Label, b *explore.Batch) {
	owners := x.stepper.Owners()
	for _, i := range x.order(len(states)) {
		copy(b.Next(), states[i])
		if !owners[i].Nobodys() {
			b.By(owners[i].Actor, owners[i].Touched)
		}
		b.Done(labels[i])
	}
}

func backwards(n int) []int {
	var order []int
	for i := range n {
		order = append(order, n-1-i)
	}
	return order
}

func middle(n int) []int { return append(backwards(n)[n/2:], backwards(n)[:n/2]...) }

// TestGateOrders: three orders of the successors give the same counts, and with
// partial-order reduction the same verdicts and local states.
func TestGateOrders(t *testing.T) {
	eachGated(t, func(t *testing.T, told string, m explore.Model) {
		parts := map[string]bool{}
		whole := run(t, m, explore.Options{Visit: local(m, parts)})
		for i, order := range []func(int) []int{backwards, middle} {
			// The loop of a run at last depends on the model that tells of fairness.
			other := ordered{m, order}
			if _, fair := m.(explore.Fair); fair {
				continue
			}
			if r := run(t, other, explore.Options{Workers: 1 + i}); counts(r) != counts(whole) || verdicts(r) != verdicts(whole) {
				t.Errorf("order %d: %s, %s; want %s, %s", i, counts(r), verdicts(r), counts(whole), verdicts(whole))
			}
			if _, divided := other.Expander().(explore.Divided); !divided {
				continue
			}
			reached := map[string]bool{}
			r := run(t, other, explore.Options{PartialOrder: true, Visit: local(m, reached)})
			if verdicts(r) != verdicts(whole) || !maps.Equal(parts, reached) {
				t.Errorf("order %d, reduced: %s, %d local states; want %s, %d", i, verdicts(r), len(reached), verdicts(whole), len(parts))
			}
		}
	})
}

// TestGateDiamonds: two steps of which neither touches the other's actor can be
// made in either order, with the same end.
func TestGateDiamonds(t *testing.T) {
	eachGated(t, func(t *testing.T, told string, m explore.Model) {
		if x, ok := m.Expander().(explore.Attributed); !ok || !x.Attributes() {
			t.Skip("not attributed")
		}
		s, diamonds, seen := explore.NewStepper(m), 0, 0
		run(t, m, explore.Options{StatesMax: 20_000, Visit: func(state []uint32) {
			if seen++; seen > 20_000 {
				return
			}
			states, labels := s.Next(state)
			owners := s.Owners()
			for i := range states {
				for j := range i {
					a, b := owners[i], owners[j]
					if a.Nobodys() || b.Nobodys() || a.Actor == b.Actor || a.Touched>>b.Actor&1 != 0 || b.Touched>>a.Actor&1 != 0 {
						continue
					}
					diamonds++
					ab, ba := after(s, states[i], labels[j]), after(s, states[j], labels[i])
					if ab == nil || !slices.Equal(ab, ba) {
						t.Fatalf("%s and %s do not commute: %v, %v", m.Explain(labels[i]), m.Explain(labels[j]), ab, ba)
					}
				}
			}
		}})
		t.Logf("%d diamonds", diamonds)
	})
}

// after returns the state after a step, nil if it cannot be made.
func after(s *explore.Stepper, state []uint32, label explore.Label) []uint32 {
	states, labels := s.Next(state)
	at := slices.Index(labels, label)
	if at < 0 {
		return nil
	}
	return states[at]
}

// TestMySQLAB: the violation is found with every reduction. It is not if steps of
// two clients are taken not to depend on each other, as they are made at two
// places: then it does not matter which of two operations was over first.
func TestMySQLAB(t *testing.T) {
	for _, o := range []explore.Options{
		{}, {PartialOrder: true}, {PartialOrder: true, Awake: true}, {PartialOrder: true, Insistent: true},
	} {
		for o.Workers = 1; o.Workers <= 2; o.Workers++ {
			m := makeModel(t, mysqlAB)
			if f := linearizable(run(t, m, o)); f.Verdict != explore.Violated {
				t.Errorf("%+v: linearizable %s", o, f.Verdict)
			} else {
				checkRun(t, m, f)
			}
		}
	}
	m := forgetful{makeModel(t, mysqlAB)}
	if f := linearizable(run(t, m, explore.Options{PartialOrder: true})); f.Verdict != explore.Holds {
		t.Errorf("with dependence at one place alone: linearizable %s; the trap is none", f.Verdict)
	}
}

func linearizable(r *explore.Result) explore.Finding {
	at := slices.IndexFunc(r.Findings, func(f explore.Finding) bool { return f.Property.Name == "linearizable" })
	return r.Findings[at]
}

// forgetful is a world of two nodes whose clients forget that they depend on each
// other.
type forgetful struct{ explore.Model }

type forgetfulExpander struct{ explore.Attributed }

const placesMask = 3 // the nodes

func (m forgetful) Expander() explore.Expander {
	return forgetfulExpander{m.Model.Expander().(explore.Attributed)}
}

// Attributes implements explore.Attributed: it tells persistent sets alone.
func (x forgetfulExpander) Attributes() bool { return false }

// Meanwhile implements explore.Divided.
func (x forgetfulExpander) Meanwhile(state []uint32, actor int, b *explore.Batch) bool {
	return placesMask>>actor&1 != 0 && x.Attributed.Meanwhile(state, actor, b)
}
