package course_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/reference"
	"quorumlab/tui/course"
	"quorumlab/tui/timeline"
)

// found returns the run that breaks or reaches a property of a reference model, as a
// trace that was written and read again.
func found(t *testing.T, name string, set map[string]string, property string) (explore.Model, *explore.Trace) {
	t.Helper()
	all := reference.All()
	entry := &all[slices.IndexFunc(all, func(e explore.Entry) bool { return e.Name == name })]
	model, values, err := entry.Make(set)
	if err != nil {
		t.Fatal(err)
	}
	result, err := explore.Run(context.Background(), model, explore.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	at := explore.PropertyNamed(model, property)
	if at < 0 || result.Findings[at].Path == nil {
		t.Fatalf("%s: no run shows %s", name, property)
	}
	var file bytes.Buffer
	if err := explore.NewTrace(name, model, values, "", property, result.Findings[at].Path).Write(&file); err != nil {
		t.Fatal(err)
	}
	read, err := explore.ReadTrace(&file)
	if err != nil {
		t.Fatal(err)
	}
	return model, read
}

// TestModels opens a run of every reference model that has steps, goes through it,
// takes every other step that there is, and saves and opens what came of it.
func TestModels(t *testing.T) {
	for _, c := range []struct {
		name, property string
		set            map[string]string
		violated       bool
	}{
		{"twophase", "commit", nil, false},
		{"twophase-fair", "decided", map[string]string{"fairness": "none"}, true},
		{"tcommit", "commit", nil, false},
		{"paxos-spec", "chosen", nil, false},
		{"paxoscommit-spec", "commit", map[string]string{"rms": "1"}, false},
		{"zab-spec", "committed", nil, false},
		{"register-single", "linearizable", map[string]string{"servers": "2"}, true},
		{"register-abd", "value chosen", nil, false},
		{"register-paxos", "value chosen", map[string]string{"clients": "1"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			model, read := found(t, c.name, c.set, c.property)
			made, err := course.FromModel(model, read)
			if err != nil {
				t.Fatal(err)
			}
			line := made.Line()
			if len(read.Steps) == 0 || line.Len() != len(read.Steps) {
				t.Fatalf("%d steps of %d", line.Len(), len(read.Steps))
			}
			v, ok := line.NextViolation(0, true)
			if ok != c.violated || ok && (v.Property != c.property || v.First != line.Len()) {
				t.Errorf("violated %v: %+v", ok, v)
			}
			for step := range line.Len() {
				made.Go(step)
				if line.Taken(step) < 0 {
					t.Errorf("step %d is none of the choices", step+1)
				}
				if row := line.Row(step + 1); row.Text != read.Steps[step] || made.Process(row.Process) == "" {
					t.Errorf("step %d: %+v", step+1, row)
				}
				if step > 0 && line.State(step) == "" || len(line.Details(step+1)) < 2 {
					t.Errorf("step %d has no state or no details", step)
				}
				tryChoices(t, made, model)
			}
		})
	}
}

// tryChoices takes each of the choices where one stands, and goes back.
func tryChoices(t *testing.T, made *course.Course, model explore.Model) {
	t.Helper()
	line, step := made.Line(), made.Step()
	lines := len(made.Lines())
	for i, choice := range line.Choices(step) {
		began := made.Act(i)
		if began == (line.Taken(step) == i) || made.Step() != step+1 || made.Line().Row(step+1).Text != choice.Text {
			t.Fatalf("step %d, %s: began %v, now at step %d", step, choice.Text, began, made.Step())
		}
		if began {
			lines++
		}
		var file bytes.Buffer
		if err := made.Line().Save(&file); err != nil {
			t.Fatal(err)
		}
		read, err := explore.ReadTrace(&file)
		if err != nil {
			t.Fatal(err)
		}
		again, err := course.FromModel(model, read)
		if err != nil || began && again.Line().State(step+1) != made.Line().State(step+1) {
			t.Errorf("step %d, %s: saved and opened it is another: %v", step, choice.Text, err)
		}
		if !made.Undo() || made.At() != (course.Position{Line: line, Step: step}) {
			t.Fatal("undo leads elsewhere")
		}
	}
	if len(made.Lines()) != lines {
		t.Errorf("%d lines, expected %d", len(made.Lines()), lines)
	}
}

// TestFork: another order of the steps of the register keeps the violation from
// happening, and who goes on at the end of a branch stays on it.
func TestFork(t *testing.T) {
	model, read := found(t, "register-single", map[string]string{"servers": "2"}, "linearizable")
	made, err := course.FromModel(model, read)
	if err != nil {
		t.Fatal(err)
	}
	made.Go(2)
	take := func(words string) {
		t.Helper()
		at := slices.IndexFunc(made.Line().Choices(made.Step()), func(c course.Choice) bool { return strings.Contains(c.Text, words) })
		if at < 0 {
			t.Fatalf("%s is not possible: %+v", words, made.Line().Choices(made.Step()))
		}
		made.Act(at)
	}
	take("Put(2, A)")
	take("Get(6)")
	take("GetOk(6, A)")
	if len(made.Lines()) != 2 || made.Line().Name != "branch 1" || made.Line().Fork != 2 || made.Line().Len() != 5 {
		t.Errorf("%d lines; on %s, which leaves after %d, %d steps", len(made.Lines()), made.Line().Name, made.Line().Fork, made.Line().Len())
	}
	if v := made.Line().Violations(); len(v) != 0 {
		t.Errorf("violated: %+v", v)
	}
	for _, f := range made.Line().Findings(5) {
		if f.State != timeline.Holds {
			t.Errorf("%s: %s", f.Property, f.Word)
		}
	}
	if found := made.Search(made.Line(), "get node:client"); len(found) != 0 {
		t.Errorf("no process has that name: %v", found)
	}
	if found := made.Search(made.Line(), "getok"); !slices.Equal(found, []int{5}) {
		t.Errorf("GetOk is found at %v", found)
	}
}

// TestDamaged: a trace that is none of the model is refused with its step.
func TestDamaged(t *testing.T) {
	model, read := found(t, "twophase-fair", map[string]string{"fairness": "none"}, "decided")
	for _, change := range []func(*explore.Trace){
		func(t *explore.Trace) { t.Steps[1] = "TMCommit" },
		func(t *explore.Trace) { t.Loop = 1 },
		func(t *explore.Trace) { t.Loop = 99 },
		func(t *explore.Trace) { t.Loop = -1 },
	} {
		other := *read
		other.Steps = slices.Clone(read.Steps)
		change(&other)
		if _, err := course.FromModel(model, &other); err == nil || !strings.Contains(err.Error(), "step") {
			t.Errorf("%+v: %v", other, err)
		}
	}
}
