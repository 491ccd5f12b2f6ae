package reports

import (
	"fmt"
	"slices"
	"strings"

	"quorumlab/checker/linear"
)

// availableFrom is the share of operations, answered within the deadline, from
// which a side is called available.
const availableFrom = 0.8

// phase returns the phase that says most about a partition: that of the contest,
// or the first in which there were two sides.
func (r *RowReport) cut() *PhaseReport {
	for i := range r.Phases {
		if p := &r.Phases[i]; p.side(SideMinority) != nil && p.Struck > 0 {
			return p
		}
	}
	return nil
}

// named returns the phase of a name, or nil.
func (r *RowReport) named(name string) *PhaseReport {
	for i := range r.Phases {
		if r.Phases[i].Name == name {
			return &r.Phases[i]
		}
	}
	return nil
}

// side returns what was answered on a side, or nil.
func (p *PhaseReport) side(name string) *SideReport {
	for i := range p.Sides {
		if p.Sides[i].Side == name {
			return &p.Sides[i]
		}
	}
	return nil
}

// of returns the report of a kind of operation, or nil.
func (s *SideReport) of(kind linear.Kind) *KindReport {
	if s == nil {
		return nil
	}
	for i := range s.Kinds {
		if s.Kinds[i].Kind == kind {
			return &s.Kinds[i]
		}
	}
	return nil
}

// ratio returns the share of a kind that was answered on a side; ok is false if
// none was asked, or it is not offered.
func (s *SideReport) ratio(kind linear.Kind) (float64, bool) {
	k := s.of(kind)
	if k == nil || !k.Offered {
		return 0, false
	}
	return k.Available.Ratio()
}

// available tells whether a side answers enough, of each kind that is offered.
func (s *SideReport) available() bool {
	if s == nil {
		return true // nobody was there to ask
	}
	for _, k := range s.Kinds {
		if ratio, ok := k.Available.Ratio(); ok && k.Offered && ratio < availableFrom {
			return false
		}
	}
	return true
}

// full tells whether it answered all, and something.
func (s *SideReport) full() bool { return s != nil && s.All.All() }

// verdict returns that on a model, in one phase.
func (r *Report) verdict(p *PhaseReport, model string) linear.Verdict {
	for i, m := range r.Models {
		if m.Name == model {
			return p.Verdicts[i]
		}
	}
	return linear.Unknown
}

// explain derives from the figures what a row is called and what there is to say.
func (r *Report) explain(row *RowReport) {
	row.Label = r.label(row)
	row.GaveUp = r.gaveUp(row)
	row.Why = append(row.Why, r.reasons(row)...)
	r.Bugs = append(r.Bugs, r.impossible(row)...)
}

// label derives the PACELC label.
func (r *Report) label(row *RowReport) Label {
	l := Label{P: "?", E: "?"}
	var why []string
	if cut := row.cut(); cut == nil {
		why = append(why, "no partition struck, so nothing is known of P")
	} else {
		both := cut.side(SideMinority).available() && cut.side(SideMajority).available()
		linearizable := r.verdict(cut, linearizable)
		switch {
		case both:
			l.P = "A"
			why = append(why, fmt.Sprintf("while cut, both sides answer (at least %.0f %% of each kind)", 100*availableFrom))
		case linearizable == linear.Violated:
			l.P = "–"
			why = append(why, "while cut, a side does not answer, and yet the history is not linearizable")
		case linearizable == linear.Unknown:
			why = append(why, "while cut, a side does not answer, and it is not known whether the history is linearizable")
		default:
			l.P = "C"
			why = append(why, "while cut, a side does not answer, and no violation of linearizability was found")
		}
	}
	e, because := r.elseLabel(row)
	l.E = e
	l.Text = "P" + l.P + "/E" + l.E
	l.Why = strings.Join(append(why, because), "; ")
	return l
}

// elseLabel derives the second half: L if answers come before another node was
// heard from, or are not consistent even without a fault; else C.
func (r *Report) elseLabel(row *RowReport) (label, why string) {
	if len(row.Steady) == 0 {
		return "?", "nothing was run without faults, so nothing is known of E"
	}
	for _, s := range row.Steady {
		if s.Kind != linear.Transfer && s.Slope != nil && s.Slope.Median < 1 {
			return "L", fmt.Sprintf("without a fault, half of all %ss are answered before another node was heard from (%.2f message delays)", s.Kind, s.Slope.Median)
		}
	}
	if row.steadyViolated > 0 {
		return "L", fmt.Sprintf("even without a fault %d of %d runs are not linearizable", row.steadyViolated, row.steadyRuns)
	}
	return "C", "without a fault, answers wait for other nodes, and no violation was found"
}

// percentOf words a share.
func percentOf(a Available) string {
	ratio, ok := a.Ratio()
	if !ok {
		return "none asked"
	}
	return percentWords(ratio)
}

// percentWords rounds so that 100 % is all and 0 % is none.
func percentWords(ratio float64) string {
	switch {
	case ratio == 1:
		return "100 %"
	case ratio > 0.999:
		return "> 99.9 %"
	case ratio > 0 && ratio < 0.001:
		return "< 0.1 %"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", 100*ratio), ".0") + " %"
}

// gaveUp says in one sentence what a row gave up, from its figures.
func (r *Report) gaveUp(row *RowReport) string {
	lin := row.Verdicts[0]
	var gave []string
	if lin.Verdict == linear.Violated {
		text := fmt.Sprintf("consistency: %d of %d runs are not linearizable", lin.Violated, lin.Runs)
		lost, acked := 0, 0
		for _, p := range row.Phases {
			lost, acked = lost+max(p.Lost.Lost, p.Lost.ByReads), acked+p.Lost.Acknowledged
		}
		if lost > 0 {
			text += fmt.Sprintf(", and %d of %d acknowledged writes were lost", lost, acked)
		}
		gave = append(gave, text)
	}
	if cut := row.cut(); cut != nil {
		for _, name := range []string{SideMinority, SideMajority} {
			side := cut.side(name)
			if side == nil || side.available() {
				continue
			}
			gave = append(gave, fmt.Sprintf("availability on the %s side of a cut (answered there: %s)", name, kindsInWords(side)))
		}
	}
	for _, p := range row.Phases {
		if d := p.InDoubt; d != nil && d.Longest != nil && d.Longest.Median >= 1000 {
			gave = append(gave, fmt.Sprintf("time, in the %s phase: locks stay in doubt for %.1f s (median of the longest)", p.Name, d.Longest.Median/1000))
		}
	}
	for _, level := range linear.Levels() { // the weakest first: who is not that is none above
		at := slices.IndexFunc(row.Verdicts, func(v VerdictReport) bool { return v.Model == level.Name && v.Verdict == linear.Violated })
		if at >= 0 {
			gave = append(gave, "isolation: its transactions are not "+level.Name)
			break
		}
	}
	switch {
	case len(gave) > 0:
		return "Gave up " + strings.Join(gave, "; ") + "."
	case lin.Runs == 0:
		return "Nothing was found that it gave up in what was judged."
	case lin.Verdict == linear.Unknown:
		return "What it gave up is not known: whether its histories are linearizable was not decided."
	case r.Recorded:
		return "Nothing was found that it gave up: its history is linearizable."
	}
	return "Nothing was found that it gave up, in what was run."
}

// kindsInWords tells what a side answered, by kind.
func kindsInWords(s *SideReport) string {
	var parts []string
	for _, k := range s.Kinds {
		if k.Offered {
			parts = append(parts, fmt.Sprintf("%s of %ss", percentOf(k.Available), k.Kind))
		}
	}
	return strings.Join(parts, ", ")
}

// impossible lists what cannot be, so that the lab must have erred: a model that
// cannot be had on both sides of a cut, and all was answered on both; and
// invariants of the protocol itself that are violated.
func (r *Report) impossible(row *RowReport) []string {
	var bugs []string
	if cut := row.cut(); cut != nil && cut.Struck == cut.Runs && fullyWritable(cut) {
		for i, m := range r.Models {
			if !m.Sticky && cut.Verdicts[i] == linear.Holds {
				bugs = append(bugs, fmt.Sprintf("%s comes out as %s although both sides of the cut answered everything: a model stronger than sticky available cannot be fully available under a partition, so the lab is wrong (or asked too little to see it)", row.ID, m.Name))
			}
		}
	}
	for _, name := range row.Failing {
		bugs = append(bugs, fmt.Sprintf("%s violates the invariant %s of its own protocol", row.ID, name))
	}
	return bugs
}

// fullyWritable tells whether both sides answered everything, reads and writes.
func fullyWritable(cut *PhaseReport) bool {
	for _, name := range []string{SideMinority, SideMajority} {
		side := cut.side(name)
		if !side.full() || !slices.ContainsFunc(side.Kinds, func(k KindReport) bool {
			return k.Kind == linear.Write && k.Available.Answered > 0
		}) {
			return false
		}
	}
	return true
}
