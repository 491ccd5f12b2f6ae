package explore_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"quorumlab/checker/explore"
)

// TestContinue keeps a search at many places and goes on from each with a model made
// anew: the counts, the verdicts and the lengths of runs are those of a search that
// was never kept.
func TestContinue(t *testing.T) {
	for _, told := range []string{
		"twophase rms=5", "register-abd", "register-abd network=ordered", "register-paxos network=dup servers=2",
		"zab-spec", "zab-spec servers=2 txns=1 timeouts=1",
		mysqlAB, "primarybackup nodes=2", "zab nodes=2 timers=2" + plain, "zab nodes=2 timers=1 crashes=0", "twopc nodes=2 crashes=1" + plain,
		"paxos nodes=2 timers=1" + plain, "paxos nodes=2 crashes=0 drops=0", "quorumstore" + plain, "threepc nodes=2", "paxoscommit nodes=2 faults=0" + plain,
	} {
		for _, o := range []explore.Options{{}, {Wide: true, Seed: 3}, {PartialOrder: true}, {Symmetry: true}, {PartialOrder: true, Awake: true}} {
			m := makeModel(t, told)
			_, divided := m.Expander().(explore.Divided)
			_, symmetric := m.Expander().(explore.Symmetric)
			if o.PartialOrder && !divided || o.Symmetry && !symmetric {
				continue
			}
			whole := run(t, m, o)
			kept := keptSearches(t, told, o)
			for i := range 3 {
				at := kept[i*(len(kept)-1)/2]
				o.Workers, o.Checkpoint = 1+i%2, &explore.Checkpointing{Subject: told, Due: never}
				r, err := explore.Continue(context.Background(), makeModel(t, told), o, bytes.NewReader(at))
				if err != nil {
					t.Fatalf("%s, %+v: %v", told, o, err)
				}
				if counts(r) != counts(whole) || verdicts(r) != verdicts(whole) || lengths(r) != lengths(whole) {
					t.Errorf("%s, %+v, continued: %s, %s, %s; want %s, %s, %s", told, o,
						counts(r), verdicts(r), lengths(r), counts(whole), verdicts(whole), lengths(whole))
				}
			}
		}
	}
}

func never() bool { return false }

// keptSearches explores a model and keeps it as often as can be.
func keptSearches(t *testing.T, told string, o explore.Options) [][]byte {
	t.Helper()
	var kept [][]byte
	asked := 0
	o.Checkpoint = &explore.Checkpointing{
		Subject: told, Due: func() bool { asked++; return asked%9 == 1 },
		Write: func(write func(io.Writer) error) error {
			var b bytes.Buffer
			err := write(&b)
			kept = append(kept, b.Bytes())
			return err
		},
	}
	run(t, makeModel(t, told), o)
	return kept
}

func lengths(r *explore.Result) string {
	var all []int
	for _, f := range r.Findings {
		if f.Path != nil {
			all = append(all, len(f.Path.Steps))
		}
	}
	return fmt.Sprint(all)
}

// TestContinueRefuses: what is not the search that was kept is refused, and told.
func TestContinueRefuses(t *testing.T) {
	const told = "register-abd"
	all := keptSearches(t, told, explore.Options{})
	kept := all[len(all)/2]
	for _, test := range []struct {
		name, subject string
		options       explore.Options
		kept          []byte
		want          string
	}{
		{"other parameters", "register-abd clients=3", explore.Options{}, kept, "of another model or of other parameters"},
		{"other reductions", told, explore.Options{PartialOrder: true}, kept, "its reductions"},
		{"other seed", told, explore.Options{Seed: 1}, kept, "its reductions, width of fingerprints or seed are others"},
		{"no checkpoint", told, explore.Options{}, []byte("{}"), "it is no checkpoint"},
		{"another version", told, explore.Options{}, bytes.Replace(kept, fmt.Appendf(nil, `"version":%d`, explore.CheckpointVersion), []byte(`"version":9`), 1), "it has version 9, this program reads 2"},
		{"cut short", told, explore.Options{}, kept[:len(kept)-40], "it is damaged"},
		{"one bit wrong", told, explore.Options{}, flipped(kept), "it is damaged"},
		{"too long", told, explore.Options{}, append(slices.Clone(kept), 0), "something behind its end"},
	} {
		o := test.options
		o.Workers, o.Checkpoint = 1, &explore.Checkpointing{Subject: test.subject, Due: never}
		_, err := explore.Continue(context.Background(), makeModel(t, told), o, bytes.NewReader(test.kept))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// flipped returns a checkpoint in which a bit of a fingerprint is another.
func flipped(kept []byte) []byte {
	kept = slices.Clone(kept)
	kept[len(kept)/2] ^= 4
	return kept
}
