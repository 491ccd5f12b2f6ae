package reports_test

import (
	"slices"
	"testing"

	"quorumlab/reports"
	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

func TestGivenUp(t *testing.T) {
	verdict := func(j scenarios.Judgement) scenarios.Verdict {
		return scenarios.Verdict{Property: scenarios.Linearizable, Verdict: j}
	}
	figure := func(side string, kind language.OperationKind, answered, invoked int) scenarios.Availability {
		return scenarios.Availability{Side: side, Kind: kind, Answered: answered, Invoked: invoked}
	}
	for _, c := range []struct {
		name   string
		result scenarios.Result
		want   []string
	}{
		{"all is well", scenarios.Result{
			Verdicts:     []scenarios.Verdict{verdict(scenarios.Holds)},
			Availability: []scenarios.Availability{figure("N1", language.Read, 3, 3)},
		}, []string{"nothing"}},
		{"an old answer", scenarios.Result{
			Verdicts:     []scenarios.Verdict{verdict(scenarios.Violated)},
			Availability: []scenarios.Availability{figure("N1", language.Read, 3, 3)},
		}, []string{"consistency (not linearizable)"}},
		{"no answer on one side", scenarios.Result{
			Verdicts: []scenarios.Verdict{verdict(scenarios.Holds)},
			Availability: []scenarios.Availability{
				figure("N1", language.Read, 3, 3), figure("N2", language.Read, 0, 1), figure("N2", language.Write, 2, 2),
			},
		}, []string{"availability: side N2 answers 2 of 3 (66.6%)"}},
		{"both, and not sure", scenarios.Result{
			Verdicts:     []scenarios.Verdict{verdict(scenarios.Unknown)},
			Availability: []scenarios.Availability{figure("", language.CAS, 999, 1000)},
		}, []string{
			"perhaps consistency (not known to be linearizable)", "availability: side (none) answers 999 of 1000 (99.9%)",
		}},
		{"half of a transaction was seen", scenarios.Result{
			Verdicts: []scenarios.Verdict{verdict(scenarios.Holds), {Property: "strict-serializable", Verdict: scenarios.Violated}},
		}, []string{"isolation (not strict-serializable)"}},
		{"a violation of something else", scenarios.Result{
			Verdicts: []scenarios.Verdict{{Property: scenarios.Termination, Verdict: scenarios.Violated}},
		}, []string{"nothing"}},
	} {
		if got := reports.GivenUp(&c.result); !slices.Equal(got, c.want) {
			t.Errorf("%s: given up %q, want %q", c.name, got, c.want)
		}
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		share reports.Share
		want  string
	}{
		{reports.Share{}, "none asked"},
		{reports.Share{Answered: 2, Invoked: 2}, "2 of 2 (100%)"},
		{reports.Share{Answered: 9999, Invoked: 10000}, "9999 of 10000 (99.9%)"},
		{reports.Share{Answered: 0, Invoked: 7}, "0 of 7 (0%)"},
	} {
		if got := c.share.String(); got != c.want {
			t.Errorf("%+v is shown as %q, want %q", c.share, got, c.want)
		}
	}
}
