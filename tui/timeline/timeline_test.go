package timeline_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/network"
	"quorumlab/scenarios"
	"quorumlab/sim"
	"quorumlab/sim/trace"
	"quorumlab/tui/timeline"
)

// lab is made once: it takes a while, and nothing changes it.
var lab = sync.OnceValues(scenarios.NewLab)

// began returns a timeline at the start of a run of a shipped scenario.
func began(t rapid.TB, scenario string, run int, sets ...string) *timeline.Timeline {
	t.Helper()
	lab, err := lab()
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := lab.Shipped(scenario, sets...)
	if err != nil {
		t.Fatal(err)
	}
	made, err := timeline.New(context.Background(), &timeline.Subject{Lab: lab, Scenario: shipped, Seed: 1}, run)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// open is began, and judged.
func open(t testing.TB, scenario string, run int, sets ...string) *timeline.Timeline {
	t.Helper()
	made := began(t, scenario, run, sets...)
	judge(t, made.Line())
	return made
}

func judge(t testing.TB, l *timeline.Line) {
	t.Helper()
	if err := l.Judge(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func act(t testing.TB, made *timeline.Timeline, deed trace.Deed) {
	t.Helper()
	if err := made.Act(context.Background(), deed); err != nil {
		t.Fatal(err)
	}
	judge(t, made.Line())
}

func state(t testing.TB, made *timeline.Timeline, property string) timeline.Property {
	t.Helper()
	for _, p := range made.Line().Properties(made.Step()) {
		if p.Property == property {
			return p
		}
	}
	t.Fatalf("there is no property %s", property)
	return timeline.Property{}
}

// TestLesson is the way of a newcomer: to the violation, back before the cut,
// which is kept from happening, and to the end, where all is well.
func TestLesson(t *testing.T) {
	made := open(t, "cap-partition", 1)
	v, ok := made.Line().NextViolation(0, true)
	if !ok || v.Property != scenarios.Linearizable {
		t.Fatalf("found %+v", v)
	}
	made.Go(v.First - 1)
	if p := state(t, made, scenarios.Linearizable); p.State != timeline.Holds {
		t.Errorf("a step before it is %s", p.State)
	}
	made.Move(1)
	if p := state(t, made, scenarios.Linearizable); p.State != timeline.Violated || p.Witness == "" {
		t.Errorf("then it is %+v", p)
	}
	ops := made.Line().Operations(made.Step(), 9)
	if last := ops[len(ops)-1]; last.Offends == "" && ops[len(ops)-2].Offends == "" {
		t.Errorf("no operation offends: %+v", ops)
	}
	cut := slices.IndexFunc(made.Rows(1, made.Line().Len()), func(r timeline.Row) bool { return strings.HasPrefix(r.Name, "cut") }) + 1
	p, deed, ok := made.Line().Prevent(cut)
	if !ok || p.Step != cut-1 {
		t.Fatalf("the cut of step %d cannot be prevented: %+v", cut, p)
	}
	made.GoTo(p)
	planned := slices.IndexFunc(made.Inbox(), func(i timeline.Item) bool { return i.Kind == timeline.Planned })
	if item := made.Inbox()[planned]; item.Name != "cut N1 | N2" || item.Next != cut {
		t.Errorf("planned is %+v", item)
	}
	act(t, made, deed)
	made.Go(made.Line().Len())
	if p := state(t, made, scenarios.Linearizable); p.State != timeline.Holds || made.Line().Name != "branch 1" {
		t.Errorf("without the cut it is %+v, on %s", p, made.Line().Name)
	}
	if made.Undo(); made.Line().Parent != nil || made.Step() != cut-1 {
		t.Errorf("undone, one stands at %+v", made.At())
	}
	if made.Redo(); made.Line().Name != "branch 1" {
		t.Errorf("redone, one stands on %s", made.Line().Name)
	}
}

// TestSteps goes on and back, and compares worlds with those that were recorded.
func TestSteps(t *testing.T) {
	made := open(t, "zab-partition", 0)
	line := made.Line()
	var hashes []uint64
	for step := range 300 {
		made.Go(step)
		hashes = append(hashes, made.Hash())
		if step > 0 && (made.Made() == nil || made.Made().Number != uint64(step)) {
			t.Fatalf("step %d was made by %+v", step, made.Made())
		}
	}
	for _, step := range []int{299, 120, 121, 0, 64, 63, 65, 298} {
		if made.Go(step); made.Hash() != hashes[step] {
			t.Errorf("step %d has another hash", step)
		}
	}
	made.Go(-5)
	if made.Step() != 0 {
		t.Errorf("before the start is %d", made.Step())
	}
	made.Go(line.Len() + 7)
	if made.Step() != line.Len() || line.Time(made.Step()) > line.Until() {
		t.Errorf("behind the end is %d", made.Step())
	}
	rows := made.Rows(5, 9)
	if len(rows) != 5 || rows[0].Step != 5 || rows[0].Text == "" {
		t.Errorf("found rows %+v", rows)
	}
}

// TestBranches: who goes on acting stays on a branch, who looked at what comes of
// it and acts before that begins a new one.
func TestBranches(t *testing.T) {
	made := open(t, "quorum-rw", 0)
	made.Go(made.Line().Len() / 2)
	crash, _ := made.Crash(1)
	act(t, made, crash)
	first := made.Line()
	if _, why := made.Crash(1); why == "" || first.Name != "branch 1" {
		t.Errorf("on %s a node that is down can be crashed", first.Name)
	}
	crash, _ = made.Crash(2)
	act(t, made, crash)
	if made.Line().Name != "branch 1" || len(made.Branches()) != 2 {
		t.Errorf("it goes on as %s, of %d", made.Line().Name, len(made.Branches()))
	}
	at := made.At()
	made.Go(made.Line().Len())
	made.GoTo(at)
	restart, _ := made.Restart(1)
	act(t, made, restart)
	if made.Line().Name != "branch 2" || len(made.Branches()) != 3 || made.Line().Parent != at.Line {
		t.Errorf("a new one is %s, of %d", made.Line().Name, len(made.Branches()))
	}
	if err := made.Rename("branch 1"); err == nil {
		t.Error("two branches have one name")
	}
	if err := made.Rename("all up"); err != nil || made.Named("all up") != made.Line() {
		t.Errorf("renamed: %v", err)
	}
	if err := made.Act(context.Background(), restart); !errors.Is(err, timeline.ErrImpossible) {
		t.Errorf("a node that runs is restarted: %v", err)
	}
	made.Undo()
	made.Undo()
	if made.Line() != first || !slices.Contains(made.Branches(), first) {
		t.Errorf("undone twice, one stands on %+v", made.Line())
	}
}

// TestSaveReplays: what was done by hand stands in the trace, and is read back.
func TestSaveReplays(t *testing.T) {
	made := open(t, "cap-partition", 2)
	made.Go(40)
	cut, why := made.Split([]int{0, 1})
	if why != "" {
		t.Fatal(why)
	}
	act(t, made, cut)
	made.Move(1)
	heal, why := made.Heal()
	if why != "" {
		t.Fatal(why)
	}
	act(t, made, heal)
	made.Go(made.Line().Len())
	var file bytes.Buffer
	if err := made.Save(context.Background(), made.Line(), &file); err != nil {
		t.Fatal(err)
	}
	if _, err := made.Lab.Replay(context.Background(), bytes.NewReader(file.Bytes())); err != nil {
		t.Fatal(err)
	}
	subject, runs, err := timeline.FromTrace(made.Lab, bytes.NewReader(file.Bytes()))
	if err != nil || !slices.Equal(runs, []string{"figure-3-block"}) {
		t.Fatalf("found %v, %v", runs, err)
	}
	again, err := timeline.New(context.Background(), subject, 2)
	if err != nil {
		t.Fatal(err)
	}
	again.Go(made.Step())
	if again.Hash() != made.Hash() {
		t.Error("opened again it is another run")
	}
}

// TestRefinedTrace: a trace that is held against the specification is so here, and
// the step that parts from it is found.
func TestRefinedTrace(t *testing.T) {
	lab := open(t, "zab-leader-crash", 0).Lab
	scenario, err := lab.Shipped("zab-leader-crash")
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	options := scenarios.Options{Seed: 1, Mutant: "zab-commit-too-far", Refine: true, Trace: &file}
	if _, err := lab.Run(context.Background(), scenario, options); err != nil {
		t.Fatal(err)
	}
	subject, _, err := timeline.FromTrace(lab, bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	made, err := timeline.New(context.Background(), subject, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Line().Judge(context.Background()); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(made.Line().Properties(400), func(p timeline.Property) bool { return p.Property == "refines-zab-spec" })
	if at < 0 {
		t.Fatal("it is not held against the specification")
	}
	if p := made.Line().Properties(400)[at]; p.State != timeline.Violated || p.First == 0 || p.First > 400 {
		t.Errorf("%+v", p)
	}
}

// TestInboxTellsWhyNot: on a stream nothing is lost, doubled or overtaken.
func TestInboxTellsWhyNot(t *testing.T) {
	made := open(t, "zab-partition", 0)
	reasons := map[string]bool{}
	for made.Step() < 400 {
		made.Move(1)
		for _, item := range made.Inbox() {
			for _, verb := range timeline.Verbs() {
				deed, why := item.Deed(verb)
				if why != "" {
					reasons[why] = true
				} else if err := deed.Check(5, 9, 99); err != nil {
					t.Fatalf("%s %s: %v", verb, item.Name, err)
				}
			}
		}
	}
	for _, want := range []string{"a stream loses nothing: cut the link (P)", "a stream keeps its order: others are before it", "it happens once"} {
		if !reasons[want] {
			t.Errorf("nobody says %q", want)
		}
	}
}

// TestPast: what a node did before is in the causal past of what it does, and so
// is what was sent to it.
func TestPast(t *testing.T) {
	made := open(t, "zab-partition", 0)
	rows := made.Rows(1, 200)
	for _, r := range rows[150:] {
		past := made.Line().Past(r.Step, 1, 200)
		if !past[r.Step] {
			t.Fatalf("step %d is not in its own past", r.Step)
		}
		for _, before := range rows[:r.Step-1] {
			if before.Node == r.Node && before.Node != 0 && before.Mark == timeline.Fires && !past[before.Step] {
				t.Fatalf("step %d of the same node is not in the past of %d", before.Step, r.Step)
			}
		}
		if r.Mark == timeline.Receives && !past[r.Cause] {
			t.Fatalf("the sending %d is not in the past of %d", r.Cause, r.Step)
		}
	}
}

func TestSearch(t *testing.T) {
	made := open(t, "cap-partition", 1)
	find := func(text string) []int {
		found, err := made.Search(timeline.ParseQuery(text)).Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	cuts := find("type:fault cut")
	if len(cuts) != 1 || !strings.HasPrefix(made.Rows(cuts[0], cuts[0])[0].Text, "fault: cut") {
		t.Errorf("cuts are steps %v", cuts)
	}
	if all, n1, keyed := find(""), find("node:n1"), find("node:N1 key:v"); len(all) != made.Line().Len() || len(n1) == 0 || len(n1) >= len(all) || len(keyed) == 0 {
		t.Errorf("found %d, %d, %d", len(all), len(n1), len(keyed))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := made.Search(timeline.Query{}).Run(ctx); err == nil {
		t.Error("who searches is not stopped")
	}
}

func TestDifference(t *testing.T) {
	made := open(t, "cap-partition", 1)
	made.Go(30)
	if same := timeline.Difference(made.World(), made.WorldAt(made.At()), nil); len(same) != 0 {
		t.Errorf("equal worlds differ: %v", same)
	}
	made.Mark("here")
	crash, _ := made.Crash(2)
	act(t, made, crash)
	here, _ := made.Marked("here")
	changes := timeline.Difference(made.WorldAt(here), made.World(), nil)
	if len(changes) == 0 || changes[0].Path != "N2.Up" {
		t.Errorf("found %v", changes)
	}
}

func TestPresets(t *testing.T) {
	made := open(t, "zab-partition", 0)
	made.Go(made.Line().Len())
	if made.Leader() == 0 {
		t.Error("nobody leads at the end")
	}
	possible := 0
	for _, p := range made.Presets(1, made.Leader()) {
		if p.Why != "" {
			continue
		}
		possible++
		deed, why := made.Cut(p.Pairs)
		if why != "" || len(deed.Inflict.Pairs) == 0 {
			t.Errorf("%s: %s", p.Name, why)
		}
	}
	if possible < 5 {
		t.Errorf("only %d are possible", possible)
	}
	for _, p := range open(t, "cap-partition", 0).Presets(1, 0) {
		if none := p.Name == "ring" || strings.HasPrefix(p.Name, "bridge") || strings.HasPrefix(p.Name, "isolate the"); none && p.Why == "" {
			t.Errorf("of two nodes %s is possible", p.Name)
		}
	}
	if deed, _ := made.Cut(network.Isolate(3, 1)); deed.Inflict.Kind != sim.CutLinks {
		t.Errorf("found %+v", deed)
	}
}

func TestQuiz(t *testing.T) {
	made := open(t, "cap-partition", 1)
	var quiz timeline.Quiz
	asked := 0
	for _, cue := range made.Line().Cues() {
		if cue.Answer != "" {
			asked++
			if _, ok := quiz.Answered(made.Line(), cue); ok {
				t.Error("answered before it was asked")
			}
			if at, ok := made.Line().CueAt(cue.Step); !ok || at.Step != cue.Step {
				t.Errorf("at step %d is told %+v", cue.Step, at)
			}
			quiz.Answer(made.Line(), cue, timeline.Reply{Right: true})
		}
	}
	if right, answered := quiz.Score(); asked == 0 || right != asked || answered != asked {
		t.Errorf("%d of %d right, %d asked", right, answered, asked)
	}
}
