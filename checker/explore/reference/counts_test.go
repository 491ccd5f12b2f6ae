package reference

import (
	"context"
	"fmt"
	"slices"
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
		// Not known from elsewhere: that they do not change.
		{"zab-spec", nil, "2653 / 5170 / 25"},
		{"zab-spec", map[string]string{"servers": "2", "txns": "2", "timeouts": "2", "restarts": "2"}, "107331 / 148487 / 38"},
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
