package reports

import (
	"slices"

	"quorumlab/checker/cost"
	"quorumlab/checker/linear"
	"quorumlab/reports/measure"
)

// steady sums up the latencies without faults, by kind and delay.
func (c *Collected) steady(row int) []SteadyReport {
	reports := []SteadyReport{}
	for _, kind := range []linear.Kind{linear.Read, linear.Write, linear.Transfer} {
		r := SteadyReport{Kind: kind}
		points := make([][]measure.Point, len(c.seeds))
		for p, name := range c.rows[row].Phases {
			delay, steady := delayOf(name)
			if !steady {
				continue
			}
			var took [][]int64
			for s := range c.samples[row][p] {
				sorted := latenciesOf(&c.samples[row][p][s], partBefore, "", kind)
				took = append(took, sorted)
				if len(sorted) > 0 {
					point := measure.Point{X: float64(delay), Y: millis(measure.Percentile(sorted, 500))}
					points[s] = append(points[s], point)
				}
			}
			r.Delays = append(r.Delays, DelayReport{Millis: delay, Latency: timingOf(took)})
		}
		var slopes []float64
		for _, of := range points {
			if slope, ok := measure.Slope(of); ok {
				slopes = append(slopes, slope)
			}
		}
		r.Slope = figureOf(slopes, "ms/ms", len(slopes))
		if answered := func(d DelayReport) bool { return d.Latency.N > 0 }; slices.ContainsFunc(r.Delays, answered) {
			reports = append(reports, r)
		}
	}
	return reports
}

// costs sums up what operations cost where that was counted.
func (c *Collected) costs(row int, report *RowReport) {
	for _, kind := range []string{cost.Read, cost.Write} {
		r := CostReport{Kind: kind}
		var messages, bytes, forces, delays, upkeep []float64
		for p := range c.rows[row].Phases {
			for i := range c.samples[row][p] {
				s := &c.samples[row][p][i]
				if s.cost == nil {
					continue
				}
				if s.end > 0 {
					upkeep = append(upkeep, float64(s.cost.Upkeep.Sent())/(float64(s.end)/1e9))
				}
				of := s.cost.Of(kind)
				if of.Answered == 0 {
					continue
				}
				n := float64(of.Answered)
				r.Answered += of.Answered
				messages, bytes = append(messages, float64(of.Sent())/n), append(bytes, float64(bytesOf(of.Spent))/n)
				forces = append(forces, float64(forcesOf(of.Spent))/n)
				if mean, ok := meanDelays(of.Delays); ok {
					delays = append(delays, mean)
				}
			}
		}
		runs := len(messages)
		r.Messages, r.Bytes = figureOf(messages, "messages", runs), figureOf(bytes, "bytes", runs)
		r.Forces, r.Delays = figureOf(forces, "forced writes", runs), figureOf(delays, "message delays", runs)
		report.Upkeep = figureOf(upkeep, "messages/s", len(upkeep))
		if runs > 0 {
			report.Cost = append(report.Cost, r)
		}
	}
}

func bytesOf(s cost.Spent) int64 {
	sum := int64(0)
	for _, m := range s.Messages {
		sum += m.Bytes
	}
	return sum
}

func forcesOf(s cost.Spent) int64 {
	sum := int64(0)
	for _, f := range s.Forces {
		sum += f.Count
	}
	return sum
}

func meanDelays(delays []cost.Delays) (float64, bool) {
	sum, n := int64(0), int64(0)
	for _, d := range delays {
		sum, n = sum+int64(d.Delays)*d.Operations, n+d.Operations
	}
	if n == 0 {
		return 0, false
	}
	return float64(sum) / float64(n), true
}

// verdicts sums up the verdicts of all phases, and finds the smallest witness of
// the first phase in which each is violated: of equal ones that of the first seed.
func (c *Collected) verdicts(row int) []VerdictReport {
	var reports []VerdictReport
	for m, model := range c.models {
		v, untested := VerdictReport{Model: model.Name, Verdict: linear.Holds}, ""
		for p, name := range c.rows[row].Phases {
			for i := range c.samples[row][p] {
				s := &c.samples[row][p][i]
				j := s.verdicts[m]
				if j.vacuous {
					untested = j.words
					continue
				}
				v.Runs++
				v.Tested += j.tested
				switch j.verdict {
				case linear.Violated:
					v.Violated++
					if v.Witness == nil || v.Witness.Phase == name && len(j.witness) < len(v.Witness.history) {
						v.Witness = witnessOf(name, s.seed, j)
					}
				case linear.Unknown:
					v.Unknown++
					v.Why = j.words
				}
			}
		}
		switch {
		case v.Violated > 0:
			v.Verdict, v.Why = linear.Violated, ""
		case v.Runs == 0:
			v.Verdict, v.Why = linear.Unknown, untested
		case v.Unknown > 0:
			v.Verdict = linear.Unknown
		}
		reports = append(reports, v)
	}
	return reports
}

func witnessOf(phase string, seed uint64, j judgement) *Witness {
	w := &Witness{Phase: phase, Seed: seed, Words: j.words, Key: j.key, history: j.witness}
	for i := range j.witness {
		w.Operations = append(w.Operations, j.witness[i].ID)
	}
	return w
}
