package timeline_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/world"
	"quorumlab/scenarios"
	"quorumlab/tui/timeline"
)

// checked returns a run of a check: a backup answers a stale read.
func checked(t *testing.T, prompt string) (*world.Model, *timeline.Timeline) {
	t.Helper()
	lab, err := lab()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := lab.Worlds("")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name != "primarybackup" {
			continue
		}
		model, values, err := entry.Make(map[string]string{
			"nodes": "2", "clients": "2", "operations": "2", "reads": "local", "replication": "async", "crashes": "1", "cuts": "1", "breaks": "0", "calls": prompt, "disks": prompt, "start": "boot",
		})
		if err != nil {
			t.Fatal(err)
		}
		result, err := explore.Run(context.Background(), model, explore.Options{Workers: 1, Stop: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range result.Findings {
			if f.Verdict == explore.Violated {
				found := explore.NewTrace(entry.Name, model, values, "", f.Property.Name, f.Path)
				subject, err := timeline.NewChecked(model.(*world.Model), found)
				if err != nil {
					t.Fatal(err)
				}
				made, err := timeline.New(context.Background(), subject, 0)
				if err != nil {
					t.Fatal(err)
				}
				return model.(*world.Model), made
			}
		}
	}
	t.Fatal("nothing is violated")
	return nil, nil
}

// TestChecked goes through the run of a check, does something else in it, and saves
// that as a run of the model.
func TestChecked(t *testing.T) {
	for _, prompt := range []string{"any", "prompt"} {
		t.Run(prompt, func(t *testing.T) { testChecked(t, prompt) })
	}
}

func testChecked(t *testing.T, prompt string) {
	model, made := checked(t, prompt)
	line := made.Line()
	v, ok := line.NextViolation(0, true)
	if !ok || v.First != line.Len() {
		t.Fatalf("of %d steps %+v is violated at %d", line.Len(), v.Verdict, v.First)
	}
	var hashes []uint64
	for step := range line.Len() + 1 {
		made.Go(step)
		hashes = append(hashes, made.Hash())
	}
	if made.Go(2); made.Hash() != hashes[2] {
		t.Error("step 2 has another hash")
	}
	acts := 0
	for _, item := range made.Inbox() {
		deed, why := item.Deed(timeline.Deliver)
		if why != "" {
			continue
		}
		at := made.At()
		err := made.Act(context.Background(), deed)
		if errors.Is(err, timeline.ErrImpossible) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		acts++
		// What is prompt happens in steps of its own.
		if step := made.Step(); step != made.Line().Len() || step <= at.Step || prompt == "any" && step > at.Step+1 {
			t.Errorf("%s leads to step %d of %d", item.Name, made.Step(), made.Line().Len())
		}
		made.GoTo(at)
	}
	made.Go(0)
	crash, _ := made.Crash(1)
	if err := made.Act(context.Background(), crash); err != nil {
		t.Fatal(err)
	}
	cut, _ := made.Split([]int{0, 1})
	if err := made.Act(context.Background(), cut); err != nil {
		t.Fatal(err)
	}
	if err := made.Act(context.Background(), cut); !errors.Is(err, timeline.ErrImpossible) {
		t.Errorf("beyond the model's bounds: %v", err)
	}
	var file bytes.Buffer
	if err := made.Save(context.Background(), made.Line().Copy(), &file); err != nil {
		t.Fatal(err)
	}
	again, err := explore.ReadTrace(&file)
	if err != nil {
		t.Fatal(err)
	}
	path, err := explore.Retrace(model, again)
	if err != nil || len(path.Steps) > made.Line().Len() || prompt == "any" && len(path.Steps) < made.Line().Len() || acts == 0 {
		t.Errorf("saved and read again: %v, %d acts", err, acts)
	}
	if p := made.Line().Properties(made.Step()); len(p) == 0 || p[0].State == timeline.Violated && p[0].Property != scenarios.Linearizable {
		t.Errorf("found %+v", p)
	}
}
