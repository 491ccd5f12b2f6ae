package reports

import (
	"fmt"

	"quorumlab/checker/linear"
)

// deadEnd is the share below which a side is said to answer next to nothing.
const deadEnd = 0.1

// reasons says, of figures that may surprise, why they are so. Each is a rule on
// figures; none knows a protocol.
func (r *Report) reasons(row *RowReport) []string {
	var why []string
	for _, rule := range []func(*RowReport) string{
		r.notOffered, r.majorityStops, r.failoverGap, r.majoritySlow, r.minorityReads, r.minorityServes, r.lostWrites,
		r.outrunWrites, r.crashBlocks, r.crashWaits, r.slowIsDead, r.doubtEnds, r.unproven, r.neverStruck,
	} {
		if text := rule(row); text != "" {
			why = append(why, text)
		}
	}
	return why
}

func (r *Report) notOffered(row *RowReport) string {
	for _, p := range row.Phases {
		for _, side := range p.Sides {
			for _, k := range side.Kinds {
				if !k.Offered && k.Available.Of > 0 {
					return fmt.Sprintf("No %s was ever answered, not even without a fault: it is not offered, and figures of all kinds together leave it out.", k.Kind)
				}
			}
		}
	}
	return ""
}

// majorityStops: more than half of the nodes are together and do not go on.
func (r *Report) majorityStops(row *RowReport) string {
	cut := row.cut()
	if cut == nil {
		return ""
	}
	ratio, ok := cut.side(SideMajority).ratio(linear.Write)
	if !ok || ratio >= deadEnd {
		return ""
	}
	return fmt.Sprintf("Even where more than half of the nodes are together only %s of writes are answered: a write waits for all nodes here, also for those that are cut off. A majority is worth something to protocols that count one.", percentWords(ratio))
}

// failoverGap: what the majority side lacks is the time of a fail-over.
func (r *Report) failoverGap(row *RowReport) string {
	cut := row.cut()
	if cut == nil || cut.Failover == nil || cut.Failover.Median < 300 {
		return ""
	}
	side := cut.side(SideMajority)
	if side == nil || side.full() || !side.available() {
		return ""
	}
	return fmt.Sprintf("The majority side answers %s, not all: until the first write was answered there it took %.0f ms (median). That is the time to notice the silence and to agree on somebody else.", percentOf(side.All), cut.Failover.Median)
}

// slower is how many times as long as before something takes that is called slow.
const slower = 5

// majoritySlow: the side that goes on is slow.
func (r *Report) majoritySlow(row *RowReport) string {
	cut := row.cut()
	if cut == nil {
		return ""
	}
	for _, kind := range []linear.Kind{linear.Read, linear.Write, linear.Transfer} {
		k, before := cut.side(SideMajority).of(kind), row.Normal[kind]
		if k == nil || k.Latency.P50 == nil || before.P50 == nil || *k.Latency.P50 < slower**before.P50 {
			continue
		}
		return fmt.Sprintf("On the majority side half of the %ss that are answered take %s ms or more while cut, against %s ms before: one that turns to nodes which are cut off runs into a time-out before it goes another way, and holds up those of its session, or whoever wants what it has locked.",
			kind, digits(*k.Latency.P50), digits(*before.P50))
	}
	return ""
}

// minorityReads: a side that cannot write may read.
func (r *Report) minorityReads(row *RowReport) string {
	cut := row.cut()
	if cut == nil || r.verdict(cut, linearizable) == linear.Violated {
		return ""
	}
	minority, majority := cut.side(SideMinority), cut.side(SideMajority)
	reads, some := minority.ratio(linear.Read)
	writes, known := minority.ratio(linear.Write)
	elsewhere, _ := majority.ratio(linear.Write)
	if !some || !known || reads < deadEnd || writes >= deadEnd || elsewhere >= deadEnd {
		return ""
	}
	return fmt.Sprintf("The minority side answers %s of reads, and still nothing is violated: on neither side can a write be acknowledged, so what is read there cannot become old.", percentWords(reads))
}

// minorityServes: a side with few nodes goes on, consistently, for some keys.
func (r *Report) minorityServes(row *RowReport) string {
	cut := row.cut()
	if cut == nil || r.verdict(cut, linearizable) == linear.Violated {
		return ""
	}
	ratio, ok := cut.side(SideMinority).ratio(linear.Write)
	if !ok || ratio < deadEnd {
		return ""
	}
	return fmt.Sprintf("The minority side answers %s of writes without harm: what a write needs are the owners of its key, and for some keys enough of them are on that side. For the same keys the other side waits.", percentWords(ratio))
}

func (r *Report) lostWrites(row *RowReport) string {
	for _, p := range row.Phases {
		if p.Lost.Lost > 0 {
			return fmt.Sprintf("In the %s phase %d of %d acknowledged writes are gone at the end, and nobody wrote their keys after them: they were acknowledged by nodes whose state was given up for that of others.", p.Name, p.Lost.Lost, p.Lost.Acknowledged)
		}
	}
	return ""
}

func (r *Report) outrunWrites(row *RowReport) string {
	outrun := 0
	for _, p := range row.Phases {
		outrun += p.Lost.Outrun
	}
	if outrun == 0 || row.Verdicts[0].Verdict != linear.Violated {
		return ""
	}
	return fmt.Sprintf("%d acknowledged writes are gone because a concurrent one won. No order of the two was promised, so these count apart from lost updates.", outrun)
}

// crashBlocks: after a crash locks in doubt are in the way.
func (r *Report) crashBlocks(row *RowReport) string {
	p := row.named(PhaseCrash)
	if p == nil || p.InDoubt == nil || p.InDoubt.Longest == nil || p.InDoubt.Longest.Median < 1000 {
		return ""
	}
	return fmt.Sprintf("One node dies, and others stand still: who has voted YES cannot tell what was decided, and keeps its locks, for %.1f s at the longest (median; %.1f lock-seconds in all). %.0f requests of others met such a lock (median).",
		p.InDoubt.Longest.Median/1000, medianOf(p.InDoubt.LockSeconds), medianOf(p.InDoubt.Bystanders))
}

func medianOf(f *Figure) float64 {
	if f == nil {
		return 0
	}
	return f.Median
}

// crashWaits: after a crash the others wait for who died.
func (r *Report) crashWaits(row *RowReport) string {
	p := row.named(PhaseCrash)
	if p == nil {
		return ""
	}
	ratio, ok := p.side(SideOthers).ratio(linear.Write)
	if !ok || ratio >= deadEnd {
		return ""
	}
	return fmt.Sprintf("With one of five nodes down only %s of writes are answered by the others: each write waits for the node that is down.", percentWords(ratio))
}

// slowIsDead: a slow network is worse than slow.
func (r *Report) slowIsDead(row *RowReport) string {
	p := row.named(PhaseSlow)
	if p == nil {
		return ""
	}
	side := p.side(SideAll)
	if side == nil {
		return ""
	}
	for _, k := range side.Kinds {
		ratio, ok := k.Available.Ratio()
		if !ok || !k.Offered || ratio >= availableFrom {
			continue
		}
		return fmt.Sprintf("While the network is slow only %s of %ss are answered within the deadline: one takes several rounds, those that want the same locks wait for each other or are refused, and what is late may look dead to a time-out.", percentWords(ratio), k.Kind)
	}
	return ""
}

// doubtEnds compares the longest doubt after a crash with that of the row in which
// it lasts longest.
func (r *Report) doubtEnds(row *RowReport) string {
	longest, where := 0.0, ""
	for i := range r.Rows {
		if p := r.Rows[i].named(PhaseCrash); p != nil && p.InDoubt != nil {
			if m := medianOf(p.InDoubt.Longest); m > longest {
				longest, where = m, r.Rows[i].Title
			}
		}
	}
	p := row.named(PhaseCrash)
	if p == nil || p.InDoubt == nil || where == row.Title || longest < 1000 || 2*medianOf(p.InDoubt.Longest) > longest {
		return ""
	}
	return fmt.Sprintf("When a coordinator dies the others decide without it: the longest doubt of a run is %.1f s (median), against %.1f s of %s.",
		medianOf(p.InDoubt.Longest)/1000, longest/1000, where)
}

// unproven: a verdict is unknown.
func (r *Report) unproven(row *RowReport) string {
	for _, v := range row.Verdicts {
		if v.Unknown > 0 && v.Verdict == linear.Unknown {
			return fmt.Sprintf("Whether it is %s is not known in %d of %d runs: %s.", v.Model, v.Unknown, v.Runs, v.Why)
		}
	}
	return ""
}

// neverStruck: a phase in which the fault did not take effect in some run.
func (r *Report) neverStruck(row *RowReport) string {
	for _, p := range row.Phases {
		if len(row.Phases) > 1 && p.Struck < p.Runs {
			return fmt.Sprintf("In the %s phase the fault took effect in %d of %d runs only.", p.Name, p.Struck, p.Runs)
		}
	}
	return ""
}
