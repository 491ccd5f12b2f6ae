package reference

import (
	"testing"

	"quorumlab/checker/explore"
)

// TestFairTwoPhase: what is fair decides at last; what is not may go on taking
// one message for ever. Either way the states are those of twophase.
func TestFairTwoPhase(t *testing.T) {
	for fairness, want := range map[string]explore.Verdict{"weak": explore.Holds, "none": explore.Violated} {
		r := explored(t, "twophase-fair", map[string]string{"rms": "3", "fairness": fairness}, explore.Options{Workers: 1})
		if r.Distinct != 288 || r.Generated != 1146 || r.Findings[0].Verdict != explore.Holds {
			t.Errorf("%s: %d states, %d generated, consistent %s", fairness, r.Distinct, r.Generated, r.Findings[0].Verdict)
		}
		f := r.Findings[1]
		if f.Verdict != want {
			t.Errorf("%s: decided %s, want %s", fairness, f.Verdict, want)
		}
		// TMAbort, RMRcvAbort, and that again.
		if f.Path != nil && (len(f.Path.Steps) != 3 || f.Path.Loop != 3) {
			t.Errorf("%s: %d steps, loop %d", fairness, len(f.Path.Steps), f.Path.Loop)
		}
	}
}
