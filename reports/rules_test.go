package reports

import (
	"context"
	"slices"
	"strings"
	"testing"

	"quorumlab/checker/linear"
	"quorumlab/reports/measure"
)

// sketch makes a row of a partition phase with so many in a hundred of reads and
// writes answered on each side, and the verdict on each model.
func sketch(minority, majority [2]int, verdicts ...linear.Verdict) (*Report, *RowReport) {
	side := func(name string, answered [2]int) SideReport {
		s := SideReport{Side: name}
		for i, kind := range []linear.Kind{linear.Read, linear.Write} {
			a := Available{Share: measure.Share{Answered: answered[i], Of: 100}}
			s.All.Add(a.Share)
			s.Kinds = append(s.Kinds, KindReport{Kind: kind, Available: a, Offered: true})
		}
		return s
	}
	r := &Report{Models: []ModelName{{Name: linearizable}, {Name: "read-your-writes", Sticky: true}}}
	row := RowReport{
		Contender: Contender{ID: "sketch", Title: "Sketch"},
		Phases: []PhaseReport{{
			Name: PhasePartition, Runs: 3, Struck: 3, Verdicts: verdicts,
			Sides: []SideReport{side(SideMinority, minority), side(SideMajority, majority)},
		}},
		Verdicts: []VerdictReport{{Model: linearizable, Verdict: verdicts[0], Runs: 3}, {Model: "read-your-writes", Verdict: verdicts[1], Runs: 3}},
		Steady: []SteadyReport{
			{Kind: linear.Read, Slope: &Figure{Spread: measure.Spread{Median: 2, N: 3}}},
			{Kind: linear.Write, Slope: &Figure{Spread: measure.Spread{Median: 4, N: 3}}},
		},
	}
	r.Rows = []RowReport{row}
	return r, &r.Rows[0]
}

func TestLabelIsDerived(t *testing.T) {
	const holds, violated, unknown = linear.Holds, linear.Violated, linear.Unknown
	for _, c := range []struct {
		name               string
		minority, majority [2]int
		verdict            linear.Verdict
		change             func(*RowReport)
		want               string
	}{
		{"both sides answer", [2]int{100, 100}, [2]int{100, 97}, violated, nil, "PA/EC"},
		{"the minority waits", [2]int{0, 0}, [2]int{95, 92}, holds, nil, "PC/EC"},
		{"one kind on one side is enough", [2]int{100, 5}, [2]int{100, 5}, holds, nil, "PC/EC"},
		{"neither", [2]int{0, 0}, [2]int{95, 92}, violated, nil, "P–/EC"},
		{"nobody knows", [2]int{0, 0}, [2]int{95, 92}, unknown, nil, "P?/EC"},
		{"reads are local", [2]int{0, 0}, [2]int{95, 92}, holds, func(r *RowReport) { r.Steady[0].Slope.Median = 0.1 }, "PC/EL"},
		{"inconsistent in good weather", [2]int{0, 0}, [2]int{95, 92}, holds, func(r *RowReport) { r.steadyViolated, r.steadyRuns = 1, 9 }, "PC/EL"},
		{"nothing was run without a fault", [2]int{0, 0}, [2]int{95, 92}, holds, func(r *RowReport) { r.Steady = nil }, "PC/E?"},
		{"no cut", [2]int{0, 0}, [2]int{95, 92}, holds, func(r *RowReport) { r.Phases[0].Struck = 0 }, "P?/EC"},
	} {
		r, row := sketch(c.minority, c.majority, c.verdict, holds)
		if c.change != nil {
			c.change(row)
		}
		if got := r.label(row); got.Text != c.want || got.Why == "" {
			t.Errorf("%s: %s (%s), want %s", c.name, got.Text, got.Why, c.want)
		}
	}
}

// A model that cannot be had on both sides of a cut, and everything was answered.
func TestWhatCannotBeIsABugOfTheLab(t *testing.T) {
	all := [2]int{100, 100}
	for _, c := range []struct {
		name               string
		minority, majority [2]int
		verdict            linear.Verdict
		change             func(*RowReport)
		want               int
	}{
		{"linearizable and fully available", all, all, linear.Holds, nil, 1},
		{"it is not linearizable", all, all, linear.Violated, nil, 0},
		{"one write was not answered", [2]int{100, 99}, all, linear.Holds, nil, 0},
		{"the cut did not strike everywhere", all, all, linear.Holds, func(r *RowReport) { r.Phases[0].Struck = 2 }, 0},
		{"its own invariant is violated", [2]int{0, 0}, all, linear.Holds, func(r *RowReport) { r.Failing = []string{"prefix"} }, 1},
	} {
		r, row := sketch(c.minority, c.majority, c.verdict, linear.Holds)
		if c.change != nil {
			c.change(row)
		}
		if got := r.impossible(row); len(got) != c.want {
			t.Errorf("%s: %q, want %d", c.name, got, c.want)
		}
	}
}

func TestSentencesFollowFigures(t *testing.T) {
	r, row := sketch([2]int{90, 3}, [2]int{91, 4}, linear.Holds, linear.Holds)
	r.explain(row)
	for _, want := range []string{"on the minority side of a cut (answered there: 90 % of reads, 3 % of writes)", "on the majority side"} {
		if !strings.Contains(row.GaveUp, want) {
			t.Errorf("given up: %q, want %q in it", row.GaveUp, want)
		}
	}
	why := strings.Join(row.Why, "\n")
	if !strings.Contains(why, "only 4 % of writes") || !strings.Contains(why, "cannot become old") {
		t.Errorf("why: %s", why)
	}
	r, row = sketch([2]int{100, 100}, [2]int{100, 100}, linear.Violated, linear.Holds)
	row.Verdicts[0].Violated = 2
	row.Phases[0].Lost = LostReport{Acknowledged: 50, Lost: 7, Runs: 3}
	r.explain(row)
	if want := "Gave up consistency: 2 of 3 runs are not linearizable, and 7 of 50 acknowledged writes were lost."; row.GaveUp != want {
		t.Errorf("given up: %q, want %q", row.GaveUp, want)
	}
}

func TestWordsOfFigures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{percentWords(1), "100 %"},
		{percentWords(0.99999), "> 99.9 %"},
		{percentWords(0.00001), "< 0.1 %"},
		{percentWords(0), "0 %"},
		{percentWords(2.0 / 3), "66.7 %"},
		{(*Figure)(nil).short(), none},
		{(&Figure{Spread: measure.Spread{Median: 1.5, Low: 1, High: 2, N: 3}, Unit: "ms", Missing: 1}).short(), "1.5 [1–2] (never in 1 of 4)"},
		{(&Figure{Spread: measure.Spread{Median: 250, Low: 250, High: 250, N: 1}}).short(), "250"},
		{Available{}.words(), none},
		{Timing{}.words(), none},
		{digits(0.001), "0.0010"},
		{digits(12.34), "12.3"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestRecordedHistories(t *testing.T) {
	op := func(id int, session uint64, kind linear.Kind, value string, invoke, ret int64) linear.Operation {
		o := linear.Operation{ID: id, Session: session, Key: "x", Kind: kind, Invoke: invoke, Return: ret, Outcome: linear.OK}
		if kind == linear.Write {
			o.In = linear.Some(value)
		} else {
			o.Out = linear.Some(value)
		}
		return o
	}
	stale := linear.History{
		op(1, 1, linear.Write, "a", 0, 1e6), op(2, 1, linear.Write, "b", 2e6, 3e6), op(3, 2, linear.Read, "a", 4e6, 5e6),
	}
	for _, clock := range []linear.Clock{linear.Nanoseconds, linear.Lines} {
		c, err := Recorded(context.Background(), []Recording{{Name: "h", History: stale, Clock: clock}})
		if err != nil {
			t.Fatal(err)
		}
		r := c.Summary("quorumlab report --history h", "test")
		row := &r.Rows[0]
		if !r.Recorded || row.Verdicts[0].Verdict != linear.Violated || row.Verdicts[0].Witness == nil {
			t.Errorf("the verdict is %+v", row.Verdicts[0])
		}
		p := row.Phases[0]
		if p.Stale.Stale != 1 || p.Copies != nil || p.Lost.Runs != 0 {
			t.Errorf("the phase is %+v", p)
		}
		if timed := p.Stale.AgeP50 != nil; timed != (clock == linear.Nanoseconds) {
			t.Errorf("clock %v: an age is known: %v", clock, timed)
		}
		plots, err := c.Plots(r)
		if err != nil {
			t.Fatal(err)
		}
		var page strings.Builder
		if err := r.HTML(&page, plots); err != nil || !strings.Contains(page.String(), "is not linearizable") {
			t.Errorf("the page: %v", err)
		}
	}
	if _, err := Recorded(context.Background(), []Recording{{Name: "empty"}}); err != nil {
		t.Error(err)
	}
}

func TestRecordedTransactions(t *testing.T) {
	appends := func(key, element string) linear.ListOp { return linear.ListOp{Key: key, Element: element} }
	reads := func(key string, list ...string) linear.ListOp { return linear.ListOp{Key: key, Read: true, List: list} }
	skew := []linear.Transaction{
		{ID: 1, Session: 1, Ops: []linear.ListOp{appends("x", "1"), appends("y", "1")}, Invoke: 1, Return: 9, Outcome: linear.OK},
		{ID: 2, Session: 2, Ops: []linear.ListOp{reads("x"), reads("y", "1")}, Invoke: 2, Return: 8, Outcome: linear.OK},
		{ID: 3, Session: 3, Ops: []linear.ListOp{reads("x", "1"), reads("y", "1")}, Invoke: 10, Return: 11, Outcome: linear.OK},
	}
	c, err := Recorded(context.Background(), []Recording{{Name: "skew", Transactions: skew}})
	if err != nil {
		t.Fatal(err)
	}
	row := c.Summary("quorumlab report", "test").Rows[0]
	want := map[string]linear.Verdict{
		"strict-serializable": linear.Violated, "serializable": linear.Violated, "consistent-view": linear.Violated,
		"read-committed": linear.Holds, "read-uncommitted": linear.Holds, linearizable: linear.Unknown,
	}
	for _, v := range row.Verdicts {
		if verdict, asked := want[v.Model]; asked && v.Verdict != verdict {
			t.Errorf("%s: %s, want %s", v.Model, v.Verdict, verdict)
		}
		delete(want, v.Model)
		if v.Verdict == linear.Violated && (v.Witness == nil || !strings.HasPrefix(v.Witness.Words, "G-single: ")) {
			t.Errorf("%s has the witness %+v", v.Model, v.Witness)
		}
	}
	if len(want) > 0 || row.GaveUp != "Gave up isolation: its transactions are not consistent-view." {
		t.Errorf("not judged: %v; given up: %q", want, row.GaveUp)
	}
}

func TestWeakerModelsFollowFromStronger(t *testing.T) {
	names := []string{}
	for _, m := range Models() {
		names = append(names, m.Name)
	}
	for _, m := range Models() {
		for _, weaker := range m.Implies {
			if !slices.Contains(names, weaker) {
				t.Errorf("%s implies %s, which there is not", m.Name, weaker)
			}
			if slices.Index(names, weaker) < slices.Index(names, m.Name) {
				t.Errorf("%s implies %s, which stands above it", m.Name, weaker)
			}
		}
	}
}
