package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/scenarios/language"
)

// swarmRuns returns all runs of the library, and some whose clusters and limits
// are at the edge.
func swarmRuns(t testing.TB, lab *Lab) []language.Run {
	t.Helper()
	var runs []language.Run
	entries, err := lab.Library()
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		scenario, err := lab.Shipped(entry.Name)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, scenario.Runs...)
	}
	for _, nodes := range []int{1, 2, 3, 4, 5, 7} {
		for down := range nodes + 1 {
			text := fmt.Sprintf("liveness: {within: 3s}, swarm: {faults: [partition, crash, pause, slow, clock, disk, links], from: 1s, until: 8s, down: %d}}", down)
			scenario, err := lab.Parse("edge.yaml", strings.NewReader(head("zab", nodes)+text))
			if err != nil {
				t.Fatal(err)
			}
			runs = append(runs, scenario.Runs...)
		}
	}
	for _, kind := range language.FaultKinds() {
		if kind == language.FaultMembership {
			continue // not with Zab: see TestSwarmsChangeMembers
		}
		scenario, err := lab.Parse("one.yaml", strings.NewReader(head("zab", 5)+"swarm: {faults: ["+string(kind)+"]}}"))
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, scenario.Runs...)
	}
	return runs
}

// TestSwarmsRender: what a swarm draws is a scenario like any other: written
// out and read again it is the same. And it keeps to its limits.
func TestSwarmsRender(t *testing.T) {
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	runs := swarmRuns(t, lab)
	rapid.Check(t, func(t *rapid.T) {
		limits := rapid.SampledFrom(runs).Draw(t, "run")
		run := Swarm(limits, rapid.Uint64().Draw(t, "seed"))
		if len(run.Random) > 0 {
			t.Fatal("random operations are left")
		}
		document := alone(&language.Scenario{Name: "drawn", Title: "drawn"}, run)
		again, err := lab.Parse("drawn.yaml", strings.NewReader(document.Canonical))
		if err != nil {
			t.Fatalf("%v\n%s", err, document.Canonical)
		}
		if got, want := plain(again.Runs[0]), plain(run); !reflect.DeepEqual(got, want) {
			t.Fatalf("read again it is\n%+v\nnot\n%+v", got, want)
		}
		keepsItsLimits(t, limits, run)
	})
}

// plain makes runs comparable that differ only in how nothing is written.
func plain(run language.Run) language.Run {
	run.Sometimes = nil // no file has them
	if len(run.Script) == 0 {
		run.Script = nil
	}
	if len(run.Timeline) == 0 {
		run.Timeline = nil
	}
	if len(run.Links.Between) == 0 {
		run.Links.Between = nil
	}
	if len(run.Expect.Properties) == 0 {
		run.Expect.Properties = nil
	}
	return run
}

// keepsItsLimits follows a timeline: not too many nodes may be down at a time,
// nothing is drawn that was not allowed, and at the end a majority is whole, of
// nodes whose records did not rot.
func keepsItsLimits(t *rapid.T, limits, run language.Run) {
	s := limits.Swarm
	nodes := len(run.Cluster.Nodes)
	down := make([]time.Duration, nodes+1) // until when; 0: it runs
	rotten := map[protocols.NodeID]bool{}
	var parts [][]language.Target // at the end
	for _, entry := range run.Timeline {
		if kind, is := entry.Action.(interface{ Kind() language.FaultKind }); is && !slices.Contains(s.Faults, kind.Kind()) &&
			!(kind.Kind() == language.FaultCrash && slices.Contains(s.Faults, language.FaultDisk)) { // rot shows when a node boots
			t.Fatalf("%+v is not allowed", entry)
		}
		if entry.At < s.From || entry.At > s.Until {
			t.Fatalf("%+v: faults are to be from %v to %v", entry, s.From, s.Until)
		}
		forGood := entry.At == s.Until
		lasts := time.Duration(0)
		switch a := entry.Action.(type) {
		case language.Crash:
			down[a.Node.Node] = 1 << 62
		case language.DiskFsyncFails:
			down[a.Node.Node] = 1 << 62
		case language.DiskFull:
			down[a.Node.Node], lasts = 1<<62, a.For
		case language.DiskRot:
			rotten[a.Node.Node] = true
		case language.Pause:
			down[a.Node.Node], lasts = entry.At+a.For, a.For
		case language.Restart:
			down[a.Node.Node] = 0
		case language.Slow:
			lasts = a.For
		case language.DiskSlow:
			lasts = a.For
		case language.LinksChange:
			lasts = a.For
		case language.Partition:
			lasts = a.For
		case language.Core:
			if !forGood {
				t.Fatalf("%+v before the end", entry)
			}
			parts = [][]language.Target{a.Order[:a.Size], a.Order[a.Size:]}
			for _, out := range parts[1] {
				if a.Crash {
					down[out.Node] = 1 << 62
				}
			}
		}
		if until := entry.At + lasts; lasts > 0 && (lasts < s.LastMin-time.Microsecond || lasts > s.LastMax || until >= s.Until) {
			t.Fatalf("%+v lasts too long or too short", entry)
		}
		if n := countDown(down, entry.At); n > s.Down {
			t.Fatalf("at %v %d nodes are down, want at most %d:\n%+v", entry.At, n, s.Down, run.Timeline)
		}
	}
	if len(rotten) > 1 || nodes < 3 && len(rotten) > 0 && run.Liveness > 0 {
		t.Fatalf("of %d nodes %v rot", nodes, rotten)
	}
	if parts == nil {
		parts = [][]language.Target{{}}
		for id := range run.Cluster.Nodes {
			parts[0] = append(parts[0], language.Target{Node: protocols.NodeID(id + 1)})
		}
	}
	whole := 0
	for _, node := range parts[0] {
		if down[node.Node] == 0 || down[node.Node] <= run.Until && down[node.Node] < 1<<62 {
			whole++
		}
	}
	for node := range rotten {
		if nodes > 2 && slices.Contains(parts[0], language.Target{Node: node}) && down[node] == 0 {
			whole--
		}
	}
	if whole <= nodes/2 {
		t.Fatalf("at the end only %d of %d nodes are whole:\n%+v", whole, nodes, run.Timeline)
	}
}

func countDown(down []time.Duration, at time.Duration) int {
	n := 0
	for _, until := range down {
		if until > at {
			n++
		}
	}
	return n
}

// TestSwarmsDrawEverything: within some hundred seeds each kind of fault and
// each shape is drawn, with and without the things that it may have.
func TestSwarmsDrawEverything(t *testing.T) {
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := lab.Parse("all.yaml", strings.NewReader(head("zab", 5)+
		"swarm: {faults: [partition, crash, pause, slow, clock, disk, links], from: 1s, until: 11s}}"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for seed := range uint64(300) {
		run := Swarm(scenario.Runs[0], seed)
		if run.Links.Default == scenario.Runs[0].Links.Default {
			seen["usual links"]++
		} else {
			seen["other links "+string(run.Links.Default.Delay.Kind)]++
		}
		if run.Links.ClientLoss > 0 {
			seen["clients lose"]++
		}
		for _, entry := range run.Timeline {
			seen[shape(entry.Action)]++
			if entry.At == 11*time.Second {
				seen["in the end "+shape(entry.Action)]++
			}
		}
	}
	want := []string{
		"bandwidth", "clock back", "clock forward", "corrupt", "crash keeps 0", "crash keeps 1", "crash keeps 2",
		"crash keeps 3", "crash keeps all", "crash torn", "crash torn by a power loss", "disk rot meta", "disk rot snapshot", "clients lose",
		"crash after fsync", "crash before fsync", "cut both ways", "cut one way",
		"delay uniform", "delay log-normal", "disk fsync fails", "disk full", "disk rot", "disk slow", "drift back", "drift forward",
		"flap", "groups 1", "groups 2", "groups 3", "groups 4", "bridge", "ring", "heal", "pause", "restart", "slow",
		"usual links", "other links uniform", "other links log-normal", "in the end heal", "in the end restart",
		"in the end core of 3, cut", "in the end core of 4, cut", "in the end core of 3, crash",
	}
	for _, shape := range want {
		if seen[shape] == 0 {
			t.Errorf("%s is never drawn", shape)
		}
	}
	if t.Failed() {
		t.Log(seen)
	}
}

// shape names what an action does.
func shape(action language.Action) string {
	sign := func(n int64) string { return map[bool]string{true: " back", false: " forward"}[n < 0] }
	switch a := action.(type) {
	case language.Partition:
		switch {
		case a.Every > 0:
			return "flap"
		case a.Form == language.FormGroups:
			return fmt.Sprint("groups ", len(a.Groups[0]))
		case a.Form == language.FormCut:
			return []string{"cut one way", "cut both ways"}[len(a.Pairs)-1]
		}
		return string(a.Form)
	case language.Crash:
		switch {
		case a.OnFsync > 0 && a.BeforeFsync:
			return "crash before fsync"
		case a.OnFsync > 0:
			return "crash after fsync"
		case a.Power && a.Torn:
			return "crash torn by a power loss"
		case a.Torn:
			return "crash torn"
		case a.Keep == language.KeepAll:
			return "crash keeps all"
		}
		return fmt.Sprint("crash keeps ", int(a.Keep))
	case language.DiskRot:
		if a.What != language.RotRecords {
			return "disk rot " + string(a.What)
		}
	case language.Core:
		return fmt.Sprintf("core of %d, %s", a.Size, map[bool]string{false: "cut", true: "crash"}[a.Crash])
	case language.ClockJump:
		return "clock" + sign(int64(a.Jump))
	case language.ClockDrift:
		return "drift" + sign(a.Drift)
	case language.LinksChange:
		switch {
		case a.Change.Delay != nil:
			return "delay " + string(a.Change.Delay.Kind)
		case a.Change.Corrupt != nil:
			return "corrupt"
		}
		return "bandwidth"
	}
	names := map[string]string{
		"Heal": "heal", "Restart": "restart", "Pause": "pause", "Slow": "slow", "DiskSlow": "disk slow",
		"DiskFull": "disk full", "DiskFsyncFails": "disk fsync fails", "DiskRot": "disk rot",
	}
	return names[reflect.TypeOf(action).Name()]
}

// TestSwarmForgives: what was expected to fail may hold under other faults; all
// else is demanded as before.
func TestSwarmForgives(t *testing.T) {
	s := newScene(t, head("zab", 3)+"swarm: {faults: [crash]}, expect: {all: {linearizable: violated, durability: holds, prefix: any, "+
		"happens: [{note: leading}], availability: {n1: 100%}}}}", Options{})
	before := s.scenario.Runs[0].Expect.Properties[Linearizable]
	expect := Swarm(s.scenario.Runs[0], 1).Expect
	want := map[string]language.Verdict{Linearizable: language.Any, "durability": language.Holds, "prefix": language.Any}
	if !reflect.DeepEqual(expect, language.Expectation{Properties: want}) {
		t.Errorf("%+v", expect)
	}
	if s.scenario.Runs[0].Expect.Properties[Linearizable] != before {
		t.Error("the scenario itself was changed")
	}
}
