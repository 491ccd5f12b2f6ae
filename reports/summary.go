package reports

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumlab/checker/linear"
	"quorumlab/reports/measure"
)

// Summary sums up what was collected; witnesses are not yet traced.
func (c *Collected) Summary(command, code string) *Report {
	r := &Report{Schema: Version, Command: command, Code: code, Recorded: c.history, Bugs: []string{}}
	if len(c.seeds) > 0 {
		r.Seeds = Seeds{c.seeds[0], c.seeds[len(c.seeds)-1], len(c.seeds)}
	}
	for _, m := range c.models {
		r.Models = append(r.Models, ModelName{m.Name, m.Meaning, m.Sticky})
	}
	for i := range c.rows {
		row := c.row(i)
		r.Rows = append(r.Rows, row)
		for p := range c.samples[i] {
			for s := range c.samples[i][p] {
				r.Steps += c.samples[i][p][s].steps
				r.Runs++
			}
		}
	}
	for i := range r.Rows {
		r.explain(&r.Rows[i])
	}
	return r
}

func (c *Collected) row(i int) RowReport {
	row := RowReport{Contender: c.rows[i].Contender, Failing: []string{}, Cost: []CostReport{}, Steady: []SteadyReport{}, Why: []string{}}
	if scenario := c.rows[i].Scenario; scenario != nil {
		row.Scenario = scenario.Name
	}
	for p, name := range c.rows[i].Phases {
		if !strings.HasPrefix(name, phaseSteady) {
			row.Phases = append(row.Phases, c.phase(i, p))
		}
		for _, s := range c.samples[i][p] {
			if _, steady := delayOf(name); steady {
				row.steadyRuns++
				if s.verdicts[0].verdict == linear.Violated {
					row.steadyViolated++
				}
			}
			for _, failing := range s.failing {
				if !slices.Contains(row.Failing, failing) {
					row.Failing = append(row.Failing, failing)
				}
			}
		}
	}
	row.Verdicts = c.verdicts(i)
	row.Normal = map[linear.Kind]Timing{}
	for kind := range c.offered(i) {
		var took [][]int64
		for s := range c.samples[i][0] {
			took = append(took, latenciesOf(&c.samples[i][0][s], partBefore, "", kind))
		}
		row.Normal[kind] = timingOf(took)
	}
	row.Steady = c.steady(i)
	c.costs(i, &row)
	return row
}

func (c *Collected) phase(row, phase int) PhaseReport {
	samples := c.samples[row][phase]
	p := PhaseReport{Name: c.rows[row].Phases[phase], Runs: len(samples), Errors: []measure.ErrorCount{}}
	if c.rows[row].Scenario != nil {
		p.Title = cmp.Or(c.rows[row].run(p.Name).Title, p.Name)
	}
	var caps []measure.Share
	var failovers, recoveries []float64
	var goodput [3][]float64
	for i := range samples {
		s := &samples[i]
		if s.struck {
			p.Struck++
		}
		caps = append(caps, s.cap)
		failovers, recoveries = appendMillis(failovers, s.failover), appendMillis(recoveries, s.recovery)
		for part, rate := range s.rates {
			if rate.known {
				goodput[part] = append(goodput[part], rate.perSecond)
			}
		}
		p.Errors = addErrors(p.Errors, s.errors)
		p.Decided, p.Mixed = p.Decided+s.decided, p.Mixed+s.mixed
	}
	measure.SortErrors(p.Errors)
	p.CAP = availableOf(caps)
	p.Failover, p.Recovery = figureOf(failovers, "ms", p.Struck), figureOf(recoveries, "ms", p.Struck)
	for part := range goodput {
		p.Goodput[part] = figureOf(goodput[part], "ok/s", len(goodput[part]))
	}
	p.Sides = sidesReport(samples, c.offered(row))
	p.Stale, p.Copies, p.Lost, p.InDoubt = staleReport(samples), copiesReport(samples), lostReport(samples), inDoubtReport(samples)
	for m := range c.models {
		p.Verdicts = append(p.Verdicts, verdictOf(samples, m))
	}
	return p
}

func appendMillis(values []float64, ns *int64) []float64 {
	if ns == nil {
		return values
	}
	return append(values, millis(*ns))
}

func addErrors(sum, more []measure.ErrorCount) []measure.ErrorCount {
	for _, e := range more {
		at := slices.IndexFunc(sum, func(s measure.ErrorCount) bool { return s.Error == e.Error })
		if at < 0 {
			at = len(sum)
			sum = append(sum, measure.ErrorCount{Error: e.Error})
		}
		sum[at].Fail, sum[at].Info = sum[at].Fail+e.Fail, sum[at].Info+e.Info
	}
	return sum
}

// verdictOf returns the worst verdict of some runs.
func verdictOf(samples []sample, model int) linear.Verdict {
	worst, judged := linear.Holds, false
	for i := range samples {
		switch j := samples[i].verdicts[model]; {
		case j.verdict == linear.Violated:
			return linear.Violated
		case j.vacuous:
			continue
		case j.verdict == linear.Unknown:
			worst = linear.Unknown
		}
		judged = true
	}
	if !judged {
		return linear.Unknown
	}
	return worst
}

// sidesReport sums up by side and kind.
func sidesReport(samples []sample, offered map[linear.Kind]bool) []SideReport {
	type place struct {
		side string
		kind linear.Kind
	}
	var places []place
	for i := range samples {
		for _, s := range samples[i].shares {
			if at := (place{s.Side, s.Kind}); !slices.Contains(places, at) {
				places = append(places, at)
			}
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(sideRank(a.side), sideRank(b.side)), cmp.Compare(a.side, b.side), cmp.Compare(a.kind, b.kind))
	})
	sides := []SideReport{}
	for _, at := range places {
		if len(sides) == 0 || sides[len(sides)-1].Side != at.side {
			sides = append(sides, SideReport{Side: at.side, All: availableOf(sharesOf(samples, func(s measure.SideShare) bool {
				return s.Side == at.side && offered[s.Kind]
			}))})
		}
		side := &sides[len(sides)-1]
		shares := sharesOf(samples, func(s measure.SideShare) bool { return s.Side == at.side && s.Kind == at.kind })
		var took [][]int64
		for i := range samples {
			took = append(took, latenciesOf(&samples[i], partDuring, at.side, at.kind))
		}
		side.Kinds = append(side.Kinds, KindReport{
			Kind: at.kind, Available: availableOf(shares), Latency: timingOf(took), Offered: offered[at.kind],
		})
	}
	return sides
}

func sideRank(side string) int {
	return slices.Index([]string{SideMinority, SideMajority, SideCrashed, SideOthers}, side)
}

// sharesOf returns the shares that counts picks, one a run.
func sharesOf(samples []sample, counts func(measure.SideShare) bool) []measure.Share {
	shares := make([]measure.Share, len(samples))
	for i := range samples {
		for _, s := range samples[i].shares {
			if counts(s) {
				shares[i].Add(s.Share)
			}
		}
	}
	return shares
}

// latenciesOf returns those of a part, side and kind; "" picks each.
func latenciesOf(s *sample, part, side string, kind linear.Kind) []int64 {
	var lists [][]int64
	for _, l := range s.latencies {
		if l.part == part && (side == "" || l.side == side) && (kind == "" || l.kind == kind) {
			lists = append(lists, l.sorted)
		}
	}
	return merged(lists...)
}

// visibleFrom holds the bounds, in milliseconds, of the spans of t-visibility.
var visibleFrom = [...]int64{0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}

func staleReport(samples []sample) StaleReport {
	r := StaleReport{Visible: []VisibleReport{}}
	var ages []int64
	var percents []float64
	seen, reads := make([]int, len(visibleFrom)), make([]int, len(visibleFrom))
	for i := range samples {
		s := &samples[i]
		stale := 0
		for _, read := range s.reads {
			if read.K > 0 {
				stale++
				r.KMax = max(r.KMax, read.K)
				if read.Age > 0 {
					ages = append(ages, read.Age)
				}
			}
			if read.Since < 0 {
				continue
			}
			span, found := slices.BinarySearch(visibleFrom[:], read.Since/int64(time.Millisecond))
			if !found {
				span--
			}
			reads[span]++
			if read.Seen {
				seen[span]++
			}
		}
		r.Reads, r.Stale = r.Reads+len(s.reads), r.Stale+stale
		r.ByVersion, r.ByVersionOf = r.ByVersion+s.staleVersions, r.ByVersionOf+s.of
		if len(s.reads) > 0 {
			percents = append(percents, 100*float64(stale)/float64(len(s.reads)))
		}
	}
	r.Percent = figureOf(percents, "%", len(percents))
	slices.Sort(ages)
	if p := measure.Percentiles(ages); p.N > 0 {
		oldest := ages[len(ages)-1]
		r.AgeP50, r.AgeP99, r.AgeMax = millisOf(p.P50), millisOf(p.P99), millisOf(&oldest)
	}
	for i, from := range visibleFrom {
		if reads[i] > 0 {
			to := float64(-1)
			if i+1 < len(visibleFrom) {
				to = float64(visibleFrom[i+1])
			}
			r.Visible = append(r.Visible, VisibleReport{float64(from), to, reads[i], seen[i]})
		}
	}
	return r
}

func copiesReport(samples []sample) *CopiesReport {
	var diverged, convergence []float64
	runs := 0
	for i := range samples {
		if samples[i].copies {
			runs++
			diverged = append(diverged, float64(samples[i].diverged))
			convergence = appendMillis(convergence, samples[i].convergence)
		}
	}
	if runs == 0 {
		return nil
	}
	return &CopiesReport{figureOf(diverged, "values beyond the first", runs), figureOf(convergence, "ms", runs)}
}

func lostReport(samples []sample) LostReport {
	var r LostReport
	for i := range samples {
		s := &samples[i]
		r.Acknowledged += s.acked
		if s.lostKnown {
			r.Runs++
			r.Lost, r.Outrun = r.Lost+s.lost, r.Outrun+s.outrun
		}
		r.ByReads, r.ByReadsOf = r.ByReads+s.lostReads, r.ByReadsOf+s.ofRead
	}
	return r
}

func inDoubtReport(samples []sample) *InDoubtReport {
	var branches, longest, locks, bystanders []float64
	open := 0
	for i := range samples {
		d := samples[i].inDoubt
		if d == nil {
			continue
		}
		branches, longest = append(branches, float64(d.Branches)), append(longest, 1000*d.LongestSeconds)
		locks, bystanders = append(locks, d.LockSeconds), append(bystanders, float64(d.Bystanders))
		open += d.Open
	}
	n := len(branches)
	if n == 0 {
		return nil
	}
	return &InDoubtReport{
		figureOf(branches, "branches", n), figureOf(longest, "ms", n), figureOf(locks, "lock-seconds", n),
		figureOf(bystanders, "requests", n), open,
	}
}

// offered returns the kinds of operation that were answered at least once, in
// whatever phase: of others the protocol has none.
func (c *Collected) offered(row int) map[linear.Kind]bool {
	kinds := map[linear.Kind]bool{}
	for p := range c.samples[row] {
		for i := range c.samples[row][p] {
			for _, l := range c.samples[row][p][i].latencies {
				kinds[l.kind] = kinds[l.kind] || len(l.sorted) > 0
			}
			for _, s := range c.samples[row][p][i].shares {
				kinds[s.Kind] = kinds[s.Kind] || s.Answered > 0
			}
		}
	}
	return kinds
}

// delayOf returns the one-way delay of a steady phase.
func delayOf(phase string) (int, bool) {
	text, steady := strings.CutPrefix(phase, phaseSteady)
	if !steady {
		return 0, false
	}
	ms, err := strconv.Atoi(strings.TrimSuffix(text, "ms"))
	return ms, err == nil
}
