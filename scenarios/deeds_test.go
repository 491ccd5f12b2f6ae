package scenarios

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// answering returns the run of cap-partition in which N2 answers what it has.
func answering(t *testing.T, deeds ...trace.Deed) (*Lab, *Result, []byte) {
	t.Helper()
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := lab.Shipped("cap-partition")
	if err != nil {
		t.Fatal(err)
	}
	run, err := runNamed(scenario, "figure-3-answer")
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	result, err := lab.Execute(context.Background(), scenario, run, Options{Seed: 1, Trace: &file, Deeds: deeds})
	if err != nil {
		t.Fatal(err)
	}
	return lab, result, file.Bytes()
}

func verdictOn(t *testing.T, result *Result, property string) Verdict {
	t.Helper()
	for _, v := range result.Verdicts {
		if v.Property == property {
			return v
		}
	}
	t.Fatalf("no verdict on %s", property)
	return Verdict{}
}

// TestVerdictNamesTheOperation: the stale read of B at N2 is the one that was
// asked for at 7 s.
func TestVerdictNamesTheOperation(t *testing.T) {
	_, result, _ := answering(t)
	v := verdictOn(t, result, Linearizable)
	if v.Operation != 4 || v.Step == 0 || result.Moments[3].Return != v.Step || result.History[3].ID != 4 {
		t.Errorf("found %+v, moments %v", v, result.Moments)
	}
}

// TestDeedCancelsAPartition: without it N2 answers the new value, and what is
// written of that run replays.
func TestDeedCancelsAPartition(t *testing.T) {
	_, plain, _ := answering(t)
	cut := 1 + slices.IndexFunc(plain.Run.Timeline, func(e language.Entry) bool {
		_, is := e.Action.(language.Partition)
		return is
	})
	lab, result, file := answering(t, trace.Deed{After: 10, Cancel: cut})
	if v := verdictOn(t, result, Linearizable); v.Verdict != Holds {
		t.Errorf("found %+v", v)
	}
	report, err := lab.Replay(context.Background(), bytes.NewReader(file))
	if err != nil || report.Hash != result.Hash {
		t.Errorf("replayed with error %v", err)
	}
	other := strings.Replace(string(file), fmt.Sprintf(`"cancel":%d`, cut), fmt.Sprintf(`"cancel":%d`, cut+1), 1)
	if _, err := lab.Replay(context.Background(), strings.NewReader(other)); err == nil {
		t.Error("another deed gives the same run")
	}
}

// TestDeedsStrikeAndDelay: a node is crashed by hand and never comes back, a
// client's first request is made to come a second later.
func TestDeedsStrikeAndDelay(t *testing.T) {
	_, plain, _ := answering(t)
	first := plain.Moments[0].Invoke
	lab, result, file := answering(
		t,
		trace.Deed{After: first - 1, Delay: &trace.Delay{Choice: sim.Choice{Kind: sim.Invoke, Client: 1}, By: time.Second}},
		trace.Deed{After: first + 20, Inflict: &sim.Fault{Kind: sim.CrashNode, Node: 2, Keep: -1}},
		trace.Deed{After: first + 21, Choose: &sim.Choice{Kind: sim.Resume, Node: 2}},
	)
	if at := time.Duration(result.History[1].Invoke); result.History[0].Session != 2 || at != 2*time.Second {
		t.Errorf("the delayed operation began at %v", at)
	}
	if last := result.History[len(result.History)-1]; last.Node == "N2" && last.Error == "" {
		t.Errorf("N2 answers: %+v", last)
	}
	if _, err := lab.Replay(context.Background(), bytes.NewReader(file)); err != nil {
		t.Error(err)
	}
}

func TestDeedsThatCannotBe(t *testing.T) {
	lab, result, _ := answering(t)
	scenario, err := lab.Shipped("cap-partition")
	if err != nil {
		t.Fatal(err)
	}
	for want, deeds := range map[string][]trace.Deed{
		"found 0 of them":                   {{After: 1}},
		"found 2 of them":                   {{Cancel: 1, Choose: &sim.Choice{Kind: sim.Sync, Node: 1}}},
		"no such choice":                    {{Choose: &sim.Choice{Kind: sim.Sync, Node: 3}}},
		"no such fault":                     {{Inflict: &sim.Fault{Kind: sim.CrashNode}}},
		`nobody inflicts "links" by hand`:   {{Inflict: &sim.Fault{Kind: sim.SetLinks}}},
		"has no entry 99":                   {{Cancel: 99}},
		"nothing can be delayed like this":  {{Delay: &trace.Delay{Choice: sim.Choice{Kind: sim.Sync, Node: 1}}}},
		"deed 2 comes after step 1, but th": {{After: 2, Cancel: 1}, {After: 1, Cancel: 1}},
		"no link from node 1 to node 1":     {{Inflict: &sim.Fault{Kind: sim.CutLinks, Pairs: []network.Pair{{From: 1, To: 1}}}}},
	} {
		_, err := lab.Execute(context.Background(), scenario, &result.Run, Options{Seed: 1, Deeds: deeds})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v", want, err)
		}
	}
}
