package sim_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/zab"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

var update = flag.Bool("update", false, "rewrite the stored hashes")

// trouble is a bunch of faults, at an instant each, that has some of all kinds.
func trouble() []struct {
	at    time.Duration
	fault sim.Fault
} {
	bad := network.Conditions{
		Delay:   network.LogNormalDelay(3*time.Millisecond, 700),
		Corrupt: 5_000, Bandwidth: 1 << 20,
	}
	bad.Delay.Spike = network.Spike{Chance: 20_000, Min: 20 * time.Millisecond, Max: 90 * time.Millisecond}
	return []struct {
		at    time.Duration
		fault sim.Fault
	}{
		{0, sim.Fault{Kind: sim.DriftClock, Node: 2, Drift: -150}},
		{500 * ms, sim.Fault{Kind: sim.CrashAtSync, Node: 1, Count: 9, Before: true, Keep: 1, Torn: true}},
		{2100 * ms, sim.Fault{Kind: sim.CutLinks, Pairs: network.Isolate(3, 3), Cut: "three"}},
		{2900 * ms, sim.Fault{Kind: sim.SlowDisk, Node: 2, By: 4 * ms}},
		{3000 * ms, sim.Fault{Kind: sim.RestartNode, Node: 1}},
		{4500 * ms, sim.Fault{Kind: sim.HealLinks, Cut: "three"}},
		{5000 * ms, sim.Fault{Kind: sim.SetLinks, Conditions: bad}},
		{5500 * ms, sim.Fault{Kind: sim.PauseNode, Node: 3}},
		{6500 * ms, sim.Fault{Kind: sim.ResumeNode, Node: 3}},
		{6600 * ms, sim.Fault{Kind: sim.SlowNode, Node: 1, By: ms}},
		{7000 * ms, sim.Fault{Kind: sim.JumpClock, Node: 2, By: -time.Hour}},
		{7200 * ms, sim.Fault{Kind: sim.BreakStream, Pairs: network.Partial(1, 2)}},
		{7500 * ms, sim.Fault{Kind: sim.FailForce, Node: 2}},
		{7900 * ms, sim.Fault{Kind: sim.FillDisk, Node: 3, On: true}},
		{8800 * ms, sim.Fault{Kind: sim.FillDisk, Node: 3}},
		{9000 * ms, sim.Fault{Kind: sim.RestartNode, Node: 2}},
		{9100 * ms, sim.Fault{Kind: sim.RestartNode, Node: 3}},
		{9900 * ms, sim.Fault{Kind: sim.CrashNode, Node: 1, Keep: -1}},
		{9900 * ms, sim.Fault{Kind: sim.RotRecord, Node: 1, Count: 3}},
		{9950 * ms, sim.Fault{Kind: sim.RestartNode, Node: 1}},
	}
}

// hash runs a Zab cluster through trouble and returns what tells the run.
func hash(t *testing.T, seed uint64) string {
	t.Helper()
	setup := replicated(t, zab.Protocol(), 3, 5, 400)
	for i := range setup.Clients {
		client := &setup.Clients[i]
		client.Timeout = 500 * ms
		client.Contacts = append(client.Contacts, client.Place%3+1)
		for j := range client.Script {
			client.Script[j].At = 2*time.Second + time.Duration(j)*30*ms
		}
	}
	s := start(t, setup, sim.Config{Seed: seed})
	r, err := trace.NewRecorder(nil, s.World.Setup().Codec, trace.Header{Document: []byte("{}"), Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	var a answered
	s.Watch(r)
	s.Watch(&a)
	for _, strike := range trouble() {
		mustRun(t, s, strike.at)
		if err := s.Inflict(strike.fault); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, s, 20*time.Second)
	if a.ok < 500 || a.other == 0 {
		t.Errorf("seed %d: %d operations ended ok, %d otherwise: no run worth looking at", seed, a.ok, a.other)
	}
	return fmt.Sprintf("seed %d: %d steps, hash %s", seed, s.Steps, r.Hash())
}

func TestGoldenZabInTrouble(t *testing.T) {
	file := filepath.Join("testdata", "zab_in_trouble.golden")
	var got []string
	for seed := range uint64(3) {
		got = append(got, hash(t, seed+1))
	}
	text := strings.Join(got, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("the runs are\n%swant\n%s-update rewrites the file, if the change is meant", text, want)
	}
}

func TestDeterminismOfARun(t *testing.T) {
	first := hash(t, 7)
	for _, threads := range []int{1, 2} {
		before := runtime.GOMAXPROCS(threads)
		again := hash(t, 7)
		runtime.GOMAXPROCS(before)
		if again != first {
			t.Errorf("with %d threads: %s, want %s", threads, again, first)
		}
	}
}

func TestDeterminismNeedsTheSeed(t *testing.T) {
	if _, a, _ := strings.Cut(hash(t, 7), ":"); a == "" || strings.HasSuffix(hash(t, 8), a) {
		t.Errorf("seeds 7 and 8 both give %s", a)
	}
}

// chatter has node 1 send to node 2, and node 3 do as told.
func chatter(t *testing.T, third ...protocols.Effect) *scene {
	s := newScene(t, 3, protocols.Datagram)
	s.config.Conditions = func(_, _ protocols.NodeID) network.Conditions {
		return network.Conditions{Delay: network.UniformDelay(0, 10*time.Millisecond)}
	}
	s.config.DiskLatency = func(protocols.NodeID) network.Distribution { return network.UniformDelay(0, 10*ms) }
	for i := range 20 {
		s.do(time.Duration(i)*20*ms, 1, say(2, "hello"), write("x"))
		s.do(time.Duration(i)*20*ms, 3, third...)
	}
	return s.boot()
}

// TestDeterminismOfStreams: more draws for timers, disks and other links shift
// neither when messages arrive nor when forces end.
func TestDeterminismOfStreams(t *testing.T) {
	run := func(third ...protocols.Effect) []string {
		s := chatter(t, third...)
		s.until(time.Second)
		return slices.DeleteFunc(s.seen, func(line string) bool { return !strings.Contains(line, " n1 ") && !strings.Contains(line, " n2<n1 ") })
	}
	alone := run()
	if len(alone) != 40 {
		t.Fatalf("saw %q", alone)
	}
	for name, third := range map[string][]protocols.Effect{
		"timers": {protocols.SetTimer{Timer: protocols.Timer{Name: "tick"}, Max: 10 * ms}},
		"disk":   {write("x"), write("y")},
		"links":  {say(2, "x"), say(1, "y"), say(2, "z")},
	} {
		if got := run(third...); !slices.Equal(got, alone) {
			t.Errorf("%s of node 3 shift what node 1 does:\n%q\n%q", name, got, alone)
		}
	}
}

func TestDeterminismOfNamedStreams(t *testing.T) {
	seen := map[uint64]string{}
	for seed := range uint64(20) {
		for _, name := range []string{"network", "timers", "disk", "clients"} {
			for index := range uint64(20) {
				r := sim.Stream(seed, name, index)
				what := fmt.Sprintf("%d %s %d", seed, name, index)
				if other, found := seen[r.Uint64()]; found {
					t.Errorf("streams %s and %s begin alike", what, other)
				}
				r = sim.Stream(seed, name, index)
				seen[r.Uint64()] = what
			}
		}
	}
	// SplitMix64 from state 0, as published with its reference code.
	r := sim.Random{}
	for _, want := range []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f} {
		if got := r.Uint64(); got != want {
			t.Errorf("SplitMix64 gives %#x, want %#x", got, want)
		}
	}
}
