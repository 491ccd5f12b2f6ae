package scenarios

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/checker/mutants"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// TestPhases: what lasted when, of faults that overlap.
func TestPhases(t *testing.T) {
	s := newScene(t, head("zab", 3)+`timeline: [
		{at: 2s, partition: {isolate: n1}, for: 2s}, {at: 3s, crash: n2}, {at: 5s, restart: n2}, {at: 5s, restart: n3},
		{at: 6s, pause: n3, for: 1s}, {at: 6s, clock: n1, jump: 1s}, {at: 6500ms, crash: n3}, {at: 8s, restart: n3},
		{at: 8s, partition: {cut: [n1 -> n2]}}, {at: 8500ms, heal: [n1 -> n2]}, {at: 9s, crash: n1}]}`, Options{Seed: 1})
	s.play()
	second := func(tenths int) time.Duration { return time.Duration(tenths) * 100 * time.Millisecond }
	tests := []struct {
		phase   language.Phase
		in, out []int // tenths of a second
	}{
		{language.Always, []int{0, 50, 120}, nil},
		{language.BeforeFaults, []int{0, 19}, []int{20, 55}},
		{language.DuringFaults, []int{20, 40, 55, 120}, []int{19}},
		{language.AfterFaults, nil, []int{10, 100, 120}}, // the last crash lasts for ever
		{language.DuringPartition, []int{20, 40, 80, 85}, []int{19, 41, 79, 86}},
		{language.DuringCrash, []int{30, 50, 65, 80, 90, 120}, []int{29, 51, 64, 81, 89}},
		{language.DuringPause, []int{60, 65}, []int{59, 66, 70}}, // who crashes stands still no more
	}
	for _, test := range tests {
		for _, at := range test.in {
			if !s.phases.in(test.phase, second(at)) {
				t.Errorf("%v is not in %q", second(at), test.phase)
			}
		}
		for _, at := range test.out {
			if s.phases.in(test.phase, second(at)) {
				t.Errorf("%v is in %q", second(at), test.phase)
			}
		}
	}
	counts := map[language.FaultKind]int64{"partition": 2, "crash": 3, "pause": 1, "clock": 1, "slow": 0, "disk": 0, "links": 0}
	for kind, want := range counts {
		if got := s.phases.count(kind); got != want {
			t.Errorf("%d faults of kind %s, want %d", got, kind, want)
		}
	}
	if settled := s.phases.settled(); settled != 9*time.Second {
		t.Errorf("settled at %v", settled)
	}
	whole := newScene(t, head("zab", 3)+"timeline: [{at: 1s, restart: n1}, {at: 2s, heal: all}]}", Options{Seed: 1})
	whole.play()
	if _, _, faulty := whole.phases.faults(); faulty || !whole.phases.in(language.BeforeFaults, time.Hour) || whole.phases.in(language.AfterFaults, 0) {
		t.Errorf("restarts and heals of what is whole count as faults: %+v", whole.phases.spans)
	}
}

// made returns a judgement of a run that never took place: its history and
// faults are made up. It lasts 12s, with a deadline of 1s.
func made(t *testing.T, rest string, faults []span, history linear.History) *judgement {
	t.Helper()
	s := newScene(t, head("zab", 3)+"clients: [{at: n1, side: A}, {at: n2, side: B}], "+rest+"}", Options{})
	s.sim.World.Now = s.run.Until
	s.phases.spans, s.clients.history = faults, history
	for i := range history {
		history[i].ID = i + 1
	}
	j := &judgement{x: s.execution, result: &Result{Run: *s.run, History: history}}
	j.result.Availability = s.availability()
	j.figures()
	return j
}

func operation(side string, kind linear.Kind, invoke, lasts int64, outcome linear.Outcome) linear.Operation {
	const ms = int64(time.Millisecond)
	op := linear.Operation{
		Session: uint64(side[0]-'A') + 1, Side: side, Key: "k", Kind: kind,
		Invoke: invoke * ms, Return: (invoke + lasts) * ms, Outcome: outcome,
	}
	if lasts < 0 {
		op.Return = linear.Never
	}
	if kind != linear.Read {
		op.In = linear.Some("v")
	}
	return op
}

func TestAvailability(t *testing.T) {
	const r, w = linear.Read, linear.Write
	history := linear.History{
		operation("A", r, 1999, 1, linear.OK),      // before the faults
		operation("A", r, 2000, 1000, linear.OK),   // in time, if only just
		operation("A", r, 3000, 1001, linear.OK),   // too late
		operation("A", w, 4000, 10, linear.Fail),   // refused
		operation("A", w, 5000, 10, linear.Info),   // unknown
		operation("A", w, 10000, 999, linear.OK),   // begun as the last fault ended
		operation("A", w, 10001, 999, linear.Fail), // after the faults
		operation("B", r, 5000, -1, linear.Info),   // never answered
		operation("B", r, 9000, 500, linear.OK),
	}
	deleted := operation("B", w, 6000, 1, linear.OK)
	deleted.In = linear.Value{}
	history = append(history, deleted)
	faults := []span{{from: 2 * time.Second, to: 3 * time.Second}, {from: 5 * time.Second, to: 10 * time.Second}}
	const rest = `expect: {all: {availability: {A: {read: 50%, write: "< 50%"}, B: ">= 66.6666%"}}}`
	j := made(t, rest, faults, history)
	want := []Availability{
		{"main", "A", language.Read, 1, 2},
		{"main", "A", language.Write, 1, 3},
		{"main", "B", language.Delete, 1, 1},
		{"main", "B", language.Read, 1, 2},
	}
	if !slices.Equal(j.result.Availability, want) {
		t.Errorf("%+v, want %+v", j.result.Availability, want)
	}
	for _, v := range j.result.Verdicts {
		if v.Verdict != Holds || v.Property != AvailableAs {
			t.Errorf("%+v", v)
		}
	}
	if v := verdict(t, j.result, AvailableAs, "side A, reads"); !strings.Contains(v.Witness, "1 of 2 reads answered (50%)") {
		t.Errorf("%+v", v)
	}
	j = made(t, `expect: {all: {availability: {A: 100%, B: {cas: 0%}}}}`, faults, history)
	if v := verdict(t, j.result, AvailableAs, "side A"); v.Verdict != Violated || v.AsExpected {
		t.Errorf("2 of 5 are 100%%: %+v", v)
	}
	if v := verdict(t, j.result, AvailableAs, "side B, cas"); v.Verdict != Unknown || v.AsExpected {
		t.Errorf("none was asked: %+v", v)
	}
	// Without faults all count, but for what the end came too soon for.
	late := linear.History{
		operation("A", r, 1000, -1, linear.Info), operation("A", r, 11001, -1, linear.Info), operation("A", r, 11900, 10, linear.OK),
	}
	if got := made(t, rest, nil, late).result.Availability; !slices.Equal(got, []Availability{{"main", "A", language.Read, 1, 2}}) {
		t.Errorf("at the end: %+v", got)
	}
}

func TestWaits(t *testing.T) {
	history := linear.History{
		operation("A", linear.Read, 1000, 700, linear.OK), operation("A", linear.Write, 2000, 900, linear.OK),
		operation("A", linear.Read, 3000, 5000, linear.Info), operation("B", linear.Read, 3000, 30, linear.OK),
	}
	j := made(t, `expect: {all: {waits: [{longest: 900ms}, {side: A, operation: read, longest: "< 701ms"}, {side: B, longest: "> 30ms"}, {side: B, operation: write, longest: "< 1s"}]}}`, nil, history)
	for subject, want := range map[string]Judgement{
		"every side": Holds, "side A, reads": Holds, "side B": Violated, "side B, writes": Unknown,
	} {
		if v := verdict(t, j.result, WaitsAs, subject); v.Verdict != want {
			t.Errorf("%s: %+v", subject, v)
		}
	}
}

// TestHappens: conditions of each form, counted.
func TestHappens(t *testing.T) {
	read := operation("A", linear.Read, 1000, 5, linear.OK)
	read.Out = linear.Some("old")
	cas := operation("B", linear.CAS, 6000, 5, linear.OK)
	cas.Swapped = true
	deleted := operation("B", linear.Write, 6000, 1, linear.Fail)
	deleted.In = linear.Value{}
	history := linear.History{
		read, operation("A", linear.Read, 5500, 5, linear.Fail), operation("A", linear.Write, 5600, 5, linear.OK), cas, deleted,
	}
	faults := []span{
		{kind: language.FaultPartition, from: 5 * time.Second, to: 7 * time.Second},
		{kind: language.FaultClock, from: 9 * time.Second, to: 9 * time.Second},
	}
	conditions := map[string]string{ // with the count that is right
		"operation: any":                         "5",
		"operation: read":                        "2",
		"operation: read, outcome: ok":           "1",
		"operation: read, value: old":            "1",
		"operation: read, value: new":            "0",
		"operation: any, side: B":                "2",
		"operation: any, client: c1":             "3",
		"operation: write":                       "1",
		"operation: delete":                      "1",
		"operation: cas, value: v":               "1",
		"operation: any, value: ''":              "0",
		"operation: any, during: partition":      "4",
		"operation: any, during: before":         "1",
		"operation: any, during: after":          "0",
		"operation: any, during: faults":         "4",
		"fault: partition":                       "1",
		"fault: clock":                           "1",
		"fault: crash":                           "0",
		"note: leading":                          "2",
		"note: leading, node: n2":                "1",
		"note: synchronized, text: DIFF":         "1",
		"note: synchronized, during: partition":  "0",
		"note: leading, during: partition":       "1",
		"note: leading, text: DIFF, node: n1":    "0",
		"operation: any, phrase: all of it":      "5",
		"operation: any, phrase: \"all of it\" ": "5", // a phrase a second time
	}
	notes := []noted{
		{6 * time.Second, 1, protocols.Note{Kind: protocols.Leading}},
		{8 * time.Second, 2, protocols.Note{Kind: protocols.Leading}},
		{8 * time.Second, 1, protocols.Note{Kind: protocols.Synchronized, Text: "DIFF"}},
	}
	for _, wrong := range []bool{false, true} {
		var list []string
		for _, condition := range sortedKeys(conditions) {
			count := conditions[condition]
			if wrong {
				count += "7"
			}
			list = append(list, "{"+condition+", count: "+count+"}")
		}
		j := made(t, "expect: {all: {happens: ["+strings.Join(list, ", ")+"]}}", faults, history)
		j.x.tally.notes = notes
		j.result.Verdicts = nil
		j.figures()
		subjects := map[string]bool{}
		for _, v := range j.result.Verdicts {
			if v.AsExpected == wrong || (v.Verdict == Violated) != wrong {
				t.Errorf("wrong %t: %+v", wrong, v)
			}
			subjects[v.Subject] = true
		}
		if len(subjects) != len(conditions) {
			t.Errorf("%d subjects of %d conditions: %v", len(subjects), len(conditions), sortedKeys(subjects))
		}
	}
}

// TestLost: an acknowledged write is lost if no node has it at the end and
// nothing can have overwritten it.
func TestLost(t *testing.T) {
	const ok, fail, info = linear.OK, linear.Fail, linear.Info
	write := func(value string, invoke, lasts int64, outcome linear.Outcome) linear.Operation {
		op := operation("A", linear.Write, invoke, lasts, outcome)
		op.In = linear.Value{Text: value, Present: value != ""}
		return op
	}
	cas := func(value string, invoke int64, swapped bool) linear.Operation {
		op := operation("B", linear.CAS, invoke, 10, ok)
		op.In, op.Swapped = linear.Some(value), swapped
		return op
	}
	tests := []struct {
		name    string
		history linear.History
		holds   []string // at each node that runs; "" is absent
		lost    int64
	}{
		{"present at one node", linear.History{write("a", 0, 10, ok)}, []string{"", "a"}, 0},
		{"gone", linear.History{write("a", 0, 10, ok)}, []string{"", ""}, 1},
		{"never acknowledged", linear.History{write("a", 0, 10, info), write("b", 0, 10, fail)}, []string{""}, 0},
		{"overwritten", linear.History{write("a", 0, 10, ok), write("b", 20, 10, ok)}, []string{"b"}, 0},
		{"the earlier one is back", linear.History{write("a", 0, 10, ok), write("b", 20, 10, ok)}, []string{"a"}, 1},
		{"either of two at once", linear.History{write("a", 0, 10, ok), write("b", 10, 10, ok)}, []string{"a"}, 0},
		{"neither of two at once", linear.History{write("a", 0, 10, ok), write("b", 10, 10, ok)}, []string{""}, 0},
		{"maybe overwritten", linear.History{write("a", 0, 10, ok), write("b", 20, -1, info)}, []string{"b"}, 0},
		{"an old write may come late", linear.History{write("b", 0, 5, info), write("a", 10, 10, ok)}, []string{"b"}, 0},
		{"what failed overwrites nothing", linear.History{write("a", 0, 10, ok), write("b", 20, 10, fail)}, []string{""}, 1},
		{"deleted, and back", linear.History{write("a", 0, 10, ok), write("", 20, 10, ok)}, []string{"a"}, 1},
		{"deleted", linear.History{write("a", 0, 10, ok), write("", 20, 10, ok)}, []string{""}, 0},
		{"swapped, and gone", linear.History{write("a", 0, 10, ok), cas("b", 20, true)}, []string{"a"}, 1},
		{"not swapped", linear.History{write("a", 0, 10, ok), cas("b", 20, false)}, []string{"a"}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := made(t, `expect: {all: {happens: [{lost: 0, phrase: nothing is lost}]}}`, nil, test.history)
			if v := verdict(t, j.result, Happens, "nothing is lost"); v.Verdict != Unknown {
				t.Errorf("no node runs, yet %+v", v)
			}
			for i, value := range test.holds {
				kv := machine.NewKV()
				if value != "" {
					kv.Values["k"] = value
				}
				cell := &j.x.sim.World.Nodes[i]
				cell.Up, cell.Node = true, keeper{kv}
			}
			if n, known := j.x.lost(); n != test.lost || !known {
				t.Errorf("%d lost (known: %t), want %d", n, known, test.lost)
			}
		})
	}
}

// keeper is a node that does nothing but hold a machine.
type keeper struct{ *machine.KV }

func (k keeper) Step(time.Duration, protocols.Event, *protocols.Effects) {}
func (k keeper) Replicated() protocols.StateMachine                      { return k.KV }

func TestConvergence(t *testing.T) {
	tests := map[string]Judgement{
		"timeline: [{at: 5s, partition: {isolate: n3}, for: 2s}]": Holds,
		"timeline: [{at: 5s, partition: {isolate: n3}}]":          Holds, // nor does who is still cut off
		"timeline: [{at: 9s, crash: [n1, n2]}]":                   Unknown,
		"timeline: [{at: 9s, partition: [[n1], [n2], [n3]]}]":     Unknown,
		"timeline: [{at: 5s, crash: n3}]":                         Holds, // who is down does not count
	}
	for timeline, want := range tests {
		result := judged(t, head("zab", 3)+"workload: {random: {from: 1s, until: 8s, rate: 10/s, mix: {write: 1}}}, "+
			"expect: {all: {convergence: holds}}, "+timeline+"}", Options{Seed: 1})
		if v := verdict(t, result, Convergence, ""); v.Verdict != want {
			t.Errorf("%s: %+v, want %s", timeline, v, want)
		}
	}
}

// TestSequential: a backup that answers from its own state shows what is no longer
// true, but in order. A session that loses its node and goes to another one sees
// what it had seen already go back.
func TestSequential(t *testing.T) {
	const text = `parameters: {replication: async, reads: local}, links: {delay: {constant: 300ms}},
		expect: {all: {sequential: holds}}, initial: {x: old}, clients: [{name: A, at: n1}, {name: B, at: n2}, {name: C, at: n1, retry: [n2]}],
		workload: {script: [{at: 5s, client: A, write: x, value: new}, {at: 5010ms, client: C, read: x}, {at: 5100ms, client: B, read: x},
			{at: 5150ms, client: C, read: x}, {at: 6s, client: B, read: x}]}`
	for rest, want := range map[string]Judgement{"": Holds, ", timeline: [{at: 5050ms, crash: n1}]": Violated} {
		result := judged(t, head("primarybackup", 3)+text+rest+"}", Options{Seed: 1})
		v := verdict(t, result, Sequential, "")
		if v.Verdict != want || (want == Violated) != strings.Contains(v.Witness, `C at n1: read on x → "new", then read on x → "old"`) {
			t.Errorf("%q: %+v", rest, v)
		}
		if v := verdict(t, result, Linearizable, ""); v.Verdict != Violated {
			t.Errorf("%q: no read was stale: %+v", rest, v)
		}
	}
}

// TestTermination: each way in which progress is judged.
func TestTermination(t *testing.T) {
	const work = "workload: {random: {from: 1s, rate: 5/s}}, "
	tests := []struct {
		protocol, rest string
		want           Judgement
		witness        string
	}{
		{"zab", work + "liveness: {within: 4s}, timeline: [{at: 4s, crash: leader}, {at: 5s, restart: all}]", Holds, ""},
		{"zab", work + "liveness: {within: 4s}, timeline: [{at: 4s, crash: leader}]", Holds, ""},
		{"zab", work + "liveness: {within: 4s}", Holds, ""},
		{"zab", work + "liveness: {within: 4s}, timeline: [{at: 4s, crash: [n1, n2]}]", Unknown, "no quorum is left by design"},
		{"zab", work + "liveness: {within: 4s}, timeline: [{at: 4s, partition: [[n1], [n2], [n3]]}]", Unknown, "no quorum is left by design"},
		{"zab", work + "liveness: {within: 4s}, timeline: [{at: 4s, pause: [n1, n2]}]", Unknown, "no quorum is left by design"},
		{"zab", work + "liveness: {within: 4s}, timeline: [{at: 4s, disk: [n1, n2], full: true}]", Unknown, "no quorum is left by design"},
		{"zab", work + "liveness: {within: 4s}, timeline: [{at: 4s, crash: [n1, n2]}, {at: 11900ms, restart: all}]", Unknown, "the run ends at 12s"},
		{"zab", "liveness: {within: 4s}, workload: {script: [{at: 1s, client: c1, read: x}]}, timeline: [{at: 4s, crash: leader}]", Unknown, "no client asked"},
		{"zab", "clients: [{at: n1}], liveness: {within: 4s}, " + work + "timeline: [{at: 4s, crash: n1}]", Unknown, "no client asked"},
		{"zab", "clients: [{at: n1}], liveness: {within: 4s}, " + work + "timeline: [{at: 4s, partition: {isolate: n1}}]", Unknown, "no client asked"},
		{"zab", work + "expect: {all: {termination: holds}}", Unknown, "gives no bound"},
		{
			"primarybackup", "parameters: {takeover: off}, " + work + "liveness: {within: 4s}, timeline: [{at: 4s, crash: n1}]",
			Violated, "no operation that began after 4s",
		},
		{
			"primarybackup", "parameters: {takeover: off}, clients: [{at: n2}], liveness: {within: 4s}, " + work +
				"timeline: [{at: 3s, crash: n1}, {at: 4s, partition: {cut: [n2 -> n1]}}]",
			Violated, "no operation that began after 4s",
		},
	}
	for _, test := range tests {
		result := judged(t, head(test.protocol, 3)+test.rest+"}", Options{Seed: 1})
		v := verdict(t, result, Termination, "")
		if v.Verdict != test.want || !strings.Contains(v.Witness, test.witness) || v.AsExpected != (test.want == Holds) {
			t.Errorf("%s: %+v, want %s", test.rest, v, test.want)
		}
	}
}

// bomb is a node that panics at some event.
type bomb struct {
	protocols.Node
	left int
}

func (b *bomb) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	if b.left--; b.left < 0 {
		panic("boom")
	}
	b.Node.Step(now, event, out)
}

// TestFailureOfANode: a run whose node panics is judged by what it showed until
// then, is recorded, and replays to the same failure.
func TestFailureOfANode(t *testing.T) {
	const text = `liveness: {within: 1s}, workload: {random: {from: 1s, rate: 5/s}}, expect: {all: {convergence: holds,
		availability: {n1: 100%}, waits: [{longest: "< 9s"}], happens: [{note: leading}]}}}`
	s := newScene(t, head("zab", 3)+text, Options{})
	s.lab.mutant = func(name string) (mutants.Mutant, error) {
		return mutants.Mutant{Name: name, Wrap: func(n protocols.Node) protocols.Node { return &bomb{Node: n, left: 400} }}, nil
	}
	var file strings.Builder
	report, err := s.lab.Run(context.Background(), s.scenario, Options{Seed: 1, Mutant: "bomb", Trace: &file})
	if err != nil {
		t.Fatal(err)
	}
	result := &report.Runs[0]
	v := report.Verdicts[0]
	failure, ok := result.Failure.(*sim.Failure)
	if !ok || v.Property != NoFailure || v.Verdict != Violated || v.Step != failure.Step || !strings.Contains(v.Witness, "boom") {
		t.Fatalf("%+v, failure %v", v, result.Failure)
	}
	if report.Held() || result.Steps != failure.Step-1 || result.Virtual >= s.run.Until {
		t.Errorf("held %t, %d steps, %v", report.Held(), result.Steps, result.Virtual)
	}
	for _, v := range report.Verdicts[1:] {
		want := Holds
		if slices.Contains([]string{Termination, Convergence, AvailableAs, WaitsAs, Happens}, v.Property) {
			want = Unknown
		}
		if v.Verdict != want {
			t.Errorf("%+v, want %s", v, want)
		}
	}
	again, err := s.lab.Replay(context.Background(), strings.NewReader(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash != report.Hash || !slices.Equal(again.Verdicts, report.Verdicts) {
		t.Errorf("the replay gave %+v", again)
	}
	found, err := s.lab.FailureOf(context.Background(), strings.NewReader(file.String()))
	if err != nil || found.Property != NoFailure {
		t.Fatalf("%+v, %v", found, err)
	}
	shrunk, err := s.lab.Shrink(context.Background(), found, nil)
	if err != nil || shrunk.Operations != 0 || !shrunk.Minimal {
		t.Errorf("%+v, %v", shrunk, err)
	}
}

// TestNoFailureMayBeAskedFor: an expectation that nothing judges would pass.
func TestNoFailureMayBeAskedFor(t *testing.T) {
	result := judged(t, head("zab", 3)+"expect: {all: {no-failure: violated}}}", Options{})
	if v := verdict(t, result, NoFailure, ""); v.Verdict != Holds || v.AsExpected {
		t.Errorf("%+v", v)
	}
}

func TestHeldAndInconclusive(t *testing.T) {
	is := func(verdict Judgement, asExpected bool) Verdict {
		return Verdict{Verdict: verdict, AsExpected: asExpected}
	}
	tests := []struct {
		verdicts           []Verdict
		held, inconclusive bool
	}{
		{nil, true, false},
		{[]Verdict{is(Holds, true), is(Violated, true), is(Unknown, true)}, true, false},
		{[]Verdict{is(Unknown, false)}, true, true},
		{[]Verdict{is(Holds, false)}, false, false},
		{[]Verdict{is(Violated, false), is(Unknown, false)}, false, true},
	}
	for _, test := range tests {
		r := Report{Verdicts: test.verdicts}
		if r.Held() != test.held || r.Inconclusive() != test.inconclusive {
			t.Errorf("%+v: held %t, inconclusive %t", test.verdicts, r.Held(), r.Inconclusive())
		}
	}
}
