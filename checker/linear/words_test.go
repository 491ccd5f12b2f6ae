package linear

import (
	"strings"
	"testing"
)

const ms = 1_000_000

func by(o Operation, node string) Operation {
	o.Node, o.Key = node, "V"
	o.Invoke, o.Return = o.Invoke*ms, min(o.Return, Never/ms)*ms
	return o
}

// TestExplanation: the sentence for each kind of violation, among operations
// that have nothing to do with it.
func TestExplanation(t *testing.T) {
	bystanders := func(more ...Operation) History {
		history := History{
			by(write(90, 9, "early", -9, -8), "N3"), by(read(91, 9, "early", -7, -6), "N3"),
			by(write(1, 1, "V0", -5, -4), "N1"), by(read(92, 9, "V0", -3, -2), "N3"),
			by(info(write(93, 8, "lost", -3, -2)), "N3"), by(fail(write(94, 8, "refused", -3, -2), "not-leader"), "N3"),
			by(write(95, 9, "late", 90, 91), "N3"), by(read(96, 9, "late", 92, 93), "N3"),
		}
		return append(history, more...)
	}
	for _, c := range []struct {
		name    string
		history History
		want    string
		witness int
	}{
		{
			"stale", bystanders(by(write(2, 1, "V1", 5, 8), "N1"), by(read(3, 2, "V0", 12, 14), "N2")),
			`read of V by client 2 at N2 (invoked 12ms, returned 14ms) returned "V0", but write "V1" by client 1 at N1 had returned at 8ms`, 3,
		},
		{
			"nobody wrote it", bystanders(by(read(3, 2, "V7", 12, 14), "N2")),
			`read of V by client 2 at N2 (invoked 12ms, returned 14ms) returned "V7", but nobody wrote that`, 1,
		},
		{
			"the write failed", bystanders(by(read(3, 2, "refused", 12, 14), "N2")),
			`returned "refused", but the only write "refused" by client 8 at N3 (invoked -3ms, returned -2ms) had failed (not-leader)`, 1,
		},
		{
			"from the future", bystanders(by(read(3, 2, "late", 12, 14), "N2")),
			`returned "late", but write "late" by client 9 at N3 was invoked only at 90ms`, 1,
		},
		{
			"newer seen before", bystanders(by(write(2, 1, "V1", 5, 20), "N1"), by(read(3, 3, "V1", 6, 7), "N1"), by(read(4, 2, "V0", 12, 14), "N2")),
			`returned "V0", but the newer "V1" had been seen by read of client 3 at N1, which returned at 7ms`, 4,
		},
		{
			"back again", bystanders(
				by(write(2, 1, "V1", 5, 20), "N1"), by(write(3, 4, "V2", 5, 20), "N1"), by(read(4, 3, "V1", 6, 7), "N1"),
				by(read(5, 3, "V2", 8, 9), "N1"), by(read(6, 2, "V1", 12, 14), "N2"),
			),
			`returned "V1", but after read by client 3 at N1 had seen "V1" (returned 7ms), read by client 3 at N1 had seen "V2" (returned 9ms)`, 5,
		},
		{
			"lost update", bystanders(by(swap(2, 1, "V0", "V1", true, 5, 8), "N1"), by(swap(3, 2, "V0", "V2", true, 12, 14), "N2")),
			`cas "V0" to "V2" on V by client 2 at N2 (invoked 12ms, returned 14ms) found "V0", but cas "V0" to "V1" by client 1 at N1 had returned at 8ms`, 3,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			result := mustCheck(t, c.history, KV())
			if result.Verdict != Violated || !strings.Contains(result.Explanation, c.want) {
				t.Errorf("%s: %s\nwant %s", result.Verdict, result.Explanation, c.want)
			}
			if len(result.Witness) != c.witness {
				t.Errorf("%d operations, want %d: %+v", len(result.Witness), c.witness, result.Witness)
			}
		})
	}
}

// TestExplanationWithoutReason: where no single operation is to blame, all are
// named.
func TestExplanationWithoutReason(t *testing.T) {
	history := History{by(write(1, 1, "V0", 0, 1), "N1"), by(swap(2, 2, "V0", "V2", false, 12, 14), "N2")}
	const want = `cas "V0" to "V2" on V by client 2 at N2 (invoked 12ms, returned 14ms) did not find "V0", ` +
		`but no order of it and the other operations allows that: client 1 at N1: write "V0" → ok (invoked 0s, returned 1ms)`
	if result := mustCheck(t, history, KV()); result.Explanation != want {
		t.Errorf("%s\nwant %s", result.Explanation, want)
	}
}

func TestExplanationOfAppends(t *testing.T) {
	history := onKey("a key", appendOf(1, 1, "one ", 0, 1), appendOf(2, 1, "two ", 2, 3), appendOf(3, 1, "three ", 4, 5),
		read(4, 2, "one three ", 6, 7))
	result, want := mustCheck(t, history, KV()), `read of "a key" by client 2 (invoked 6ns, returned 7ns) returned "one three ", but append "two " by client 1 had returned at 3ns`
	if result.Explanation != want {
		t.Errorf("%s\nwant %s", result.Explanation, want)
	}
}
