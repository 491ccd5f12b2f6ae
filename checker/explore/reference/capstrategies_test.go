package reference

import (
	"testing"

	"quorumlab/checker/explore"
)

// TestCapStrategies: all 72 strategies are looked at, some are linearizable, some
// available, none is both; and those of the two choices of figure 3 are what
// they are said to be.
func TestCapStrategies(t *testing.T) {
	r := explored(t, "cap-strategies", nil, explore.Options{Workers: 1})
	if r.Distinct != 72 || !r.Held() {
		t.Errorf("%d strategies, %+v", r.Distinct, r.Findings)
	}
	for _, test := range []struct {
		name     string
		strategy []uint32
		want     uint64
	}{
		{"N1 answers at once, N2 answers what it has", []uint32{answerNew, answerNew, answerOld, answerNew, answerNew}, 4},
		{"N1 answers at once, N2 waits for M", []uint32{answerNew, answerNew, wait, answerNew, answerNew}, 2},
		{"N1 waits for N2, which answers what it has", []uint32{wait, answerNew, answerOld, answerNew, answerNew}, 2},
		{"nobody ever answers", []uint32{wait, wait, wait, wait, wait}, 2},
		{"N2 answers V0 for ever", []uint32{answerNew, answerNew, answerOld, answerOld, answerOld}, 4},
		{"N1 waits, N2 answers V0 though it knows better", []uint32{wait, answerNew, answerOld, answerOld, answerOld}, 0},
	} {
		if got := (CapStrategies{}).Hits(test.strategy); got != test.want {
			t.Errorf("%s: hits %03b, want %03b", test.name, got, test.want)
		}
	}
}
