package reference

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"quorumlab/checker/explore"
)

func explored(t testing.TB, name string, set map[string]string, o explore.Options) *explore.Result {
	t.Helper()
	at := slices.IndexFunc(All(), func(e explore.Entry) bool { return e.Name == name })
	if at < 0 {
		t.Fatalf("no model %q", name)
	}
	model, _, err := All()[at].Make(set)
	if err != nil {
		t.Fatal(err)
	}
	result, err := explore.Run(context.Background(), model, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestCounts(t *testing.T) {
	for _, test := range []struct {
		name string
		set  map[string]string
		want string
	}{
		{"twophase", map[string]string{"rms": "3"}, "288 / 1146 / 11"},
		{"twophase", map[string]string{"rms": "5"}, "8832 / 58146 / 17"},
		{"twophase", map[string]string{"rms": "7"}, "296448 / 2744706 / 23"},
		{"tcommit", map[string]string{"rms": "3"}, "34 / 94 / 7"},
		// From a second transcription of the published Zab.tla, made for this
		// comparison from the specification alone: a naive search in
		// another language that keeps whole states.
		{"zab-spec", zab(1, 2, 1, 1), "6 / 6 / 4"},
		{"zab-spec", zab(2, 1, 0, 0), "39 / 43 / 15"},
		{"zab-spec", zab(2, 1, 1, 1), "1451 / 1723 / 24"},
		{"zab-spec", zab(2, 2, 1, 0), "2285 / 3025 / 29"},
		{"zab-spec", zab(2, 2, 1, 1), "4715 / 6347 / 29"},
		{"zab-spec", zab(2, 3, 1, 1), "14139 / 21739 / 34"},
		{"zab-spec", zab(2, 2, 2, 2), "107331 / 148487 / 38"},
		{"zab-spec", zab(3, 1, 0, 0), "2653 / 5170 / 25"},
		{"zab-spec", zab(3, 2, 0, 0), "21871 / 53941 / 32"},
		{"zab-spec", zab(3, 0, 1, 0), "21370 / 37528 / 27"},
		// Published with the TLA+ examples.
		{"paxos-spec", map[string]string{"acceptors": "1", "values": "1"}, "25 / 82 / 9"},
		{"paxoscommit-spec", nil, "1321761 / 16959159 / 28"},
	} {
		for workers := 1; workers <= 2; workers++ {
			if workers == 1 && test.name == "paxoscommit-spec" {
				continue // once is enough of what takes seconds
			}
			r := explored(t, test.name, test.set, explore.Options{Workers: workers})
			if got := fmt.Sprintf("%d / %d / %d", r.Distinct, r.Generated, r.Depth); got != test.want {
				t.Errorf("%s %v, %d workers: %s, want %s", test.name, test.set, workers, got, test.want)
			}
		}
	}
}

// zab returns parameters of zab-spec.
func zab(servers, txns, timeouts, restarts int) map[string]string {
	return map[string]string{
		"servers": strconv.Itoa(servers), "txns": strconv.Itoa(txns), "timeouts": strconv.Itoa(timeouts), "restarts": strconv.Itoa(restarts),
	}
}

// TestZabOrbits has servers interchanged; the counts come from where the others do.
func TestZabOrbits(t *testing.T) {
	for _, test := range []struct {
		set  map[string]string
		want string
	}{
		{zab(2, 1, 1, 1), "726 / 864 / 24"},
		{zab(2, 2, 2, 2), "53666 / 74246 / 38"},
		{zab(3, 1, 0, 0), "446 / 871 / 25"},
		{zab(3, 2, 0, 0), "3656 / 9019 / 32"},
	} {
		for workers := 1; workers <= 2; workers++ {
			r := explored(t, "zab-spec", test.set, explore.Options{Workers: workers, Symmetry: true})
			if got := fmt.Sprintf("%d / %d / %d", r.Distinct, r.Generated, r.Depth); got != test.want {
				t.Errorf("%v, %d workers: %s, want %s", test.set, workers, got, test.want)
			}
		}
	}
}

// The orbits: states up to the interchange of equal parts.
func TestOrbits(t *testing.T) {
	for _, test := range []struct {
		name, rms string
		want      uint64
	}{{"twophase", "3", 80}, {"twophase", "5", 314}, {"twophase", "7", 920}} {
		r := explored(t, test.name, map[string]string{"rms": test.rms}, explore.Options{Workers: 2, Symmetry: true})
		if r.Distinct != test.want {
			t.Errorf("%s, %s resource managers: %d orbits, want %d", test.name, test.rms, r.Distinct, test.want)
		}
	}
}

func TestStateright(t *testing.T) {
	for _, test := range stateright {
		for workers := 1; workers <= 2; workers++ {
			if workers == 1 && test.generated > 1_000_000 {
				continue // once is enough of what takes seconds
			}
			set := map[string]string{"clients": test.clients, "servers": test.servers, "network": test.network}
			r := explored(t, test.model, set, explore.Options{Workers: workers})
			if r.Distinct != test.distinct || r.Generated != test.generated || r.Depth != test.depth {
				t.Errorf("%s %v, %d workers: %d / %d / %d, want %d / %d / %d", test.model, set, workers,
					r.Distinct, r.Generated, r.Depth, test.distinct, test.generated, test.depth)
			}
			if violated := r.Findings[0].Verdict == explore.Violated; violated != test.violated {
				t.Errorf("%s %v: a run that is not linearizable: %t, want %t", test.model, set, violated, test.violated)
			}
		}
	}
}

func BenchmarkExplore(b *testing.B) {
	for _, test := range []struct {
		name string
		set  map[string]string
	}{
		{"twophase", map[string]string{"rms": "8"}},
		{"register-paxos", map[string]string{"clients": "3"}},
		{"register-abd", map[string]string{"network": "ordered"}},
		{"register-abd", map[string]string{"network": "ordered", "servers": "3"}},
	} {
		for workers := 1; workers <= 2; workers++ {
			b.Run(fmt.Sprintf("%s/%d", test.name, workers), func(b *testing.B) {
				var r *explore.Result
				generated := 0.0
				for b.Loop() {
					r = explored(b, test.name, test.set, explore.Options{Workers: workers})
					generated += float64(r.Generated)
				}
				b.ReportMetric(generated/b.Elapsed().Seconds()/1e6, "M/s")
				b.ReportMetric(float64(r.Bytes)/float64(r.Distinct), "B/state")
			})
		}
	}
}
