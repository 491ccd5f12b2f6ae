package reports

import (
	"fmt"
	"slices"
	"strings"

	"quorumlab/checker/linear"
)

// Table is a table of a report, as Markdown and HTML show it.
type Table struct {
	Title   string
	Note    string // what the columns are
	Columns []string
	Rows    [][]string
	// Wide: it has many columns; a narrow screen shows a card a row.
	Wide bool
}

// headline is the table that answers the question of the report.
func (r *Report) headline() Table {
	if r.Recorded {
		return r.headlineRecorded()
	}
	t := Table{
		Title: "What each gave up", Wide: true,
		Note: fmt.Sprintf("Availability: answered ok within the deadline of the intended start, of what was to start while the cut lasted; all runs together [quartiles of the runs]. Latency: p50 / p99 in ms from the intended start, before any fault; n operations. Fail-over: ms from the cut to the first write answered where it goes on. Recovery: ms from the heal until answers are back at 95 %% of what they were. Median [quartiles] of %d seeds; in all %d runs a phase.", r.Seeds.N, r.Seeds.N),
		Columns: []string{
			"protocol", "linearizable", "minority side", "majority side", "read p50 / p99, ms", "write p50 / p99, ms",
			"fail-over, ms", "recovery, ms", "in doubt after a crash, lock-seconds", "PACELC",
		},
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		v := &row.Verdicts[0]
		cells := []string{row.Title, v.short()}
		cut := row.cut()
		if cut == nil && len(row.Phases) > 0 {
			cells = append(cells, none, none)
			cut = &row.Phases[0]
		} else {
			cells = append(cells, kindsShort(cut.side(SideMinority)), kindsShort(cut.side(SideMajority)))
		}
		cells = append(cells, row.normal(linear.Read), row.normal(linear.Write), cut.Failover.orNever(cut.Struck), cut.Recovery.orNever(cut.Struck))
		locks := none
		if p := row.named(PhaseCrash); p != nil && p.InDoubt != nil {
			locks = p.InDoubt.LockSeconds.short()
		}
		t.Rows = append(t.Rows, append(cells, locks, row.Label.Text))
	}
	return t
}

// headlineRecorded is that of histories from elsewhere.
func (r *Report) headlineRecorded() Table {
	t := Table{
		Title: "What the histories show", Wide: true,
		Note:    "Answered: ok, of all, within a second if the history has times. Latency: p50 / p99 in ms, n operations. Stale reads: those that missed a write acknowledged before they began; k: how many at most.",
		Columns: []string{"history", "linearizable", "strongest that is not violated", "answered", "read p50 / p99, ms", "write p50 / p99, ms", "stale reads", "k, at most"},
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		strongest := "none"
		for _, v := range row.Verdicts {
			if v.Verdict == linear.Holds {
				strongest = v.Model
				break
			}
		}
		p := &row.Phases[0]
		t.Rows = append(t.Rows, []string{
			row.Title, row.Verdicts[0].short(), strongest, answeredByKind(p), row.normal(linear.Read), row.normal(linear.Write),
			fmt.Sprintf("%d of %d", p.Stale.Stale, p.Stale.Reads), fmt.Sprint(p.Stale.KMax),
		})
	}
	return t
}

// answeredByKind shows what was answered on all sides together.
func answeredByKind(p *PhaseReport) string {
	var kinds []linear.Kind
	sums := map[linear.Kind]Available{}
	for _, side := range p.Sides {
		for _, k := range side.Kinds {
			sum, seen := sums[k.Kind]
			if !seen {
				kinds = append(kinds, k.Kind)
			}
			sum.Add(k.Available.Share)
			sums[k.Kind] = sum
		}
	}
	slices.Sort(kinds)
	var list []string
	for _, kind := range kinds {
		list = append(list, fmt.Sprintf("%ss %s", kind, sums[kind].words()))
	}
	return strings.Join(list, "\n")
}

// kindsShort shows what was answered of each kind.
func kindsShort(s *SideReport) string {
	if s == nil {
		return none
	}
	text := ""
	for _, kind := range []linear.Kind{linear.Read, linear.Write, linear.Transfer, linear.Txn, linear.CAS, linear.Append} {
		k := s.of(kind)
		if k == nil {
			continue
		}
		if text != "" {
			text += "\n"
		}
		if k.Offered {
			text += string(kind) + "s " + k.Available.short()
		} else {
			text += string(kind) + "s not offered"
		}
	}
	return text
}

// normal shows the latency of a kind before any fault, in the first phase.
func (r *RowReport) normal(kind linear.Kind) string {
	t, known := r.Normal[kind]
	if !known || t.N == 0 {
		return none
	}
	return fmt.Sprintf("%s / %s\nn=%d", millisWords(t.P50), millisWords(t.P99), t.N)
}

// tables returns those of the phases, of latency and of costs.
func (r *Report) tables() []Table {
	var tables []Table
	seen := map[string]bool{}
	for i := range r.Rows {
		for _, p := range r.Rows[i].Phases {
			if !seen[p.Name] {
				seen[p.Name] = true
				tables = append(tables, r.phaseTable(p.Name, p.Title), r.dataTable(p.Name))
			}
		}
	}
	if t := r.latencyTable(); len(t.Rows) > 0 {
		tables = append(tables, t)
	}
	if t := r.doubtTable(); len(t.Rows) > 0 {
		tables = append(tables, t)
	}
	if t := r.costTable(); len(t.Rows) > 0 {
		tables = append(tables, t)
	}
	return tables
}

// phaseTable tells what was answered in a phase, and how soon.
func (r *Report) phaseTable(name, title string) Table {
	t := Table{
		Title: "Phase " + name + ": what was answered", Wide: true,
		Note: title + ". Answered: ok within the deadline, of how many [quartiles over the runs, in %]. Latency: p50 / p99 / p99.9 in ms from the intended start, ok only [quartiles of the runs' medians]; p99.9 of 1000 operations and more. CAP availability (Gilbert and Lynch): requests that reached a node which did not crash and ever got an answer that is no error.",
		Columns: []string{
			"protocol", "side", "kind", "answered", "latency while it lasts", "CAP availability",
			"ok/s before → during → after", "errors (fail + unknown)",
		},
	}
	for i := range r.Rows {
		p := r.Rows[i].named(name)
		if p == nil {
			continue
		}
		first := true
		for _, side := range p.Sides {
			for _, k := range side.Kinds {
				cells := []string{r.Rows[i].Title, side.Side, string(k.Kind), k.Available.words(), k.Latency.words(), "", "", ""}
				if !k.Offered {
					cells[3], cells[4] = "not offered", none
				}
				if first {
					cells[5] = p.CAP.words()
					cells[6] = fmt.Sprintf("%s → %s → %s", p.Goodput[0].short(), p.Goodput[1].short(), p.Goodput[2].short())
					cells[7] = errorsShort(p)
					first = false
				}
				t.Rows = append(t.Rows, cells)
			}
		}
	}
	return t
}

func errorsShort(p *PhaseReport) string {
	var list []string
	for _, e := range p.Errors {
		list = append(list, fmt.Sprintf("%s %d + %d", e.Error, e.Fail, e.Info))
	}
	return ranged(list, "none")
}

// dataTable tells what became of the data in a phase.
func (r *Report) dataTable(name string) Table {
	t := Table{
		Title: "Phase " + name + ": what became of the data", Wide: true,
		Note: "Fail-over: fault → first write or transfer answered on the side that stands. Stale reads: by the clients' history (by an onlooker's order of versions). k: how many newer acknowledged versions a read missed, at most; t: for how long the oldest of them had been acknowledged. Divergence: different values of a key among its copies, less one, at most, while the fault lasts. Convergence: heal → the last instant at which copies differ, of keys nobody writes any more. Lost: acknowledged, never overwritten, and gone at the end (outrun: a concurrent write won).",
		Columns: []string{
			"protocol", "fail-over, ms", "recovery, ms", "stale reads", "k, at most", "t p50 / p99 / max, ms",
			"divergence", "convergence, ms", "lost of acknowledged writes", "transactions with mixed outcome",
		},
	}
	for i := range r.Rows {
		p := r.Rows[i].named(name)
		if p == nil {
			continue
		}
		stale := fmt.Sprintf("%d of %d", p.Stale.Stale, p.Stale.Reads)
		if p.Stale.ByVersionOf > 0 {
			stale += fmt.Sprintf(" (%d of %d)", p.Stale.ByVersion, p.Stale.ByVersionOf)
		}
		ages := none
		if p.Stale.AgeP50 != nil {
			ages = fmt.Sprintf("%s / %s / %s", millisWords(p.Stale.AgeP50), millisWords(p.Stale.AgeP99), millisWords(p.Stale.AgeMax))
		}
		diverged, converged := "one copy a key", none
		if r.Recorded {
			diverged = "not known"
		}
		if p.Copies != nil {
			diverged, converged = p.Copies.Diverged.short(), p.Copies.Convergence.short()
		}
		mixed := none
		if p.Decided > 0 {
			mixed = fmt.Sprintf("%d of %d", p.Mixed, p.Decided)
		}
		t.Rows = append(t.Rows, []string{
			r.Rows[i].Title, p.Failover.orNever(p.Struck), p.Recovery.orNever(p.Struck), stale, fmt.Sprint(p.Stale.KMax), ages,
			diverged, converged, lostShort(p.Lost), mixed,
		})
	}
	return t
}

func lostShort(l LostReport) string {
	if l.Runs == 0 {
		return fmt.Sprintf("%d of %d that were read at the end", l.ByReads, l.ByReadsOf)
	}
	text := fmt.Sprintf("%d of %d", l.Lost, l.Acknowledged)
	if l.Outrun > 0 {
		text += fmt.Sprintf(" (outrun: %d)", l.Outrun)
	}
	return text
}

// latencyTable tells how latency grows with the delay.
func (r *Report) latencyTable() Table {
	t := Table{
		Title: "Without a fault: latency and the delay of the network", Wide: true,
		Note:    "p50 / p99 / p99.9 in ms [quartiles of the runs' medians]. Sensitivity: by how much the median grows for each millisecond of one-way delay, which is how many messages, one after the other, half of the operations wait for.",
		Columns: []string{"protocol", "kind", "sensitivity, ms/ms"},
	}
	for i := range r.Rows {
		for _, s := range r.Rows[i].Steady {
			if len(t.Rows) == 0 {
				for _, d := range s.Delays {
					t.Columns = append(t.Columns, fmt.Sprintf("at %d ms one way", d.Millis))
				}
			}
			cells := []string{r.Rows[i].Title, string(s.Kind), s.Slope.short()}
			for _, d := range s.Delays {
				cells = append(cells, d.Latency.words())
			}
			t.Rows = append(t.Rows, cells)
		}
	}
	return t
}

// doubtTable tells what being in doubt cost.
func (r *Report) doubtTable() Table {
	t := Table{
		Title:   "Blocking: what it costs to have voted YES and not to know",
		Note:    "A run's figures, median [quartiles] over the runs. Longest: from a YES to the decision, of the branch that waited longest. Bystanders: requests of others that met a lock in doubt.",
		Columns: []string{"protocol", "phase", "longest, ms", "lock-seconds", "bystanders", "in doubt at the end, all runs"},
	}
	for i := range r.Rows {
		for _, p := range r.Rows[i].Phases {
			if d := p.InDoubt; d != nil {
				t.Rows = append(t.Rows, []string{
					r.Rows[i].Title, p.Name, d.Longest.short(), d.LockSeconds.short(), d.Bystanders.short(), fmt.Sprint(d.Open),
				})
			}
		}
	}
	return t
}

// costTable tells what an operation costs.
func (r *Report) costTable() Table {
	t := Table{
		Title:   "What an operation costs",
		Note:    "Of one answered operation, without faults, median [quartiles] over the runs; writes and transfers together. Upkeep: messages a second on account of no request, of the whole cluster.",
		Columns: []string{"protocol", "kind", "n", "messages", "bytes", "forced writes", "message delays", "upkeep, messages/s"},
	}
	for i := range r.Rows {
		for _, c := range r.Rows[i].Cost {
			t.Rows = append(t.Rows, []string{
				r.Rows[i].Title, c.Kind, fmt.Sprint(c.Answered), c.Messages.short(), c.Bytes.short(), c.Forces.short(),
				c.Delays.short(), r.Rows[i].Upkeep.short(),
			})
		}
	}
	return t
}
