package reports

import (
	"fmt"
	"slices"

	"quorumlab/checker/linear"
	"quorumlab/reports/charts"
	"quorumlab/reports/measure"
)

// Plot is one plot of a report.
type Plot struct {
	Title, Note string
	File        string // its name beside the report
	SVG         []byte
}

// The sizes of panels in points: of one of many, and of one alone.
const (
	smallWidth, smallHeight = 270, 165
	largeWidth, largeHeight = 640, 330
	tallHeight              = 470 // of a panel whose points have names
	smallColumns            = 3
)

// Plots draws the plots of what was collected.
func (c *Collected) Plots(r *Report) ([]Plot, error) {
	var plots []Plot
	for _, p := range []struct {
		file, title, note string
		panels            []charts.Panel
	}{
		{
			"availability.svg", "Availability over time",
			"Share of operations answered within the deadline, by the second of their intended start, of all seeds together; phase " + c.shown() + ". The band is the fault. Solid: the side that stands; dashed: the other.",
			c.timelines(),
		},
		{
			"latency.svg", "Latency of each operation",
			"One run (the first seed), phase " + c.shown() + ": each operation at its intended start. ● answered, ✕ failed (surely not done), ▲ unknown. The scale is logarithmic.",
			c.scatters(),
		},
		{
			"tradeoff.svg", "Latency against consistency",
			"Each row by the median latency of its writes before any fault, and the strongest model of which no violation was found in any run. Further left is faster, further up stronger.",
			c.tradeoff(r),
		},
		{
			"staleness.svg", "How old answers are",
			"Share of reads that were not older than so long, phase " + c.shown() + ", all seeds. Who is not shown had no stale read. A curve that begins at 0.8 says that 80 % of reads were fresh.",
			c.staleness(),
		},
		{
			"visibility.svg", "When a write becomes visible",
			"Chance that a read which starts so long after a write's acknowledgement sees it or something that is not older (t-visibility), phase " + c.shown() + ", all seeds.",
			c.visibility(r),
		},
		{
			"convergence.svg", "How far copies are apart",
			"Different values of a key among its copies, less one, of the key where it is greatest; one run (the first seed), phase " + c.shown() + ".",
			c.divergence(),
		},
		{
			"cost.svg", "Messages an operation costs",
			"Messages between nodes for one answered operation, without a fault (median of the seeds), batching included, upkeep not.",
			costBars(r),
		},
	} {
		if len(p.panels) == 0 {
			continue
		}
		width, height := float64(largeWidth), float64(largeHeight)
		if len(p.panels) > 1 {
			width, height = smallWidth, smallHeight
		}
		if p.panels[0].Names != nil {
			height = tallHeight
		}
		svg, err := charts.Draw(p.panels, smallColumns, width, height)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.file, err)
		}
		plots = append(plots, Plot{Title: p.title, Note: p.note, File: p.file, SVG: svg})
	}
	return plots, nil
}

// shown is the phase that plots are of: the partition, or the first.
func (c *Collected) shown() string {
	if slices.Contains(c.rows[0].Phases, PhasePartition) {
		return PhasePartition
	}
	return c.rows[0].Phases[0]
}

// of returns the samples of a row in the phase that is shown.
func (c *Collected) of(row int) []sample {
	at := max(0, slices.Index(c.rows[row].Phases, c.shown()))
	return c.samples[row][at]
}

// bands returns the faults of the first run of a row, in seconds.
func (c *Collected) bands(row int) []charts.Band {
	var bands []charts.Band
	for _, f := range c.of(row)[0].faults {
		bands = append(bands, charts.Band{From: f.From.Seconds(), To: f.To.Seconds()})
	}
	return bands
}

// Styles of sides and outcomes.
const (
	styleStands = 0
	styleOther  = 1
	styleThird  = 2
)

func styleOfSide(side string) int {
	switch side {
	case SideMinority, SideCrashed:
		return styleOther
	case SideMajority, SideOthers, SideAll:
		return styleStands
	}
	return styleThird
}

// timelines draws availability over time, a panel a row.
func (c *Collected) timelines() []charts.Panel {
	var panels []charts.Panel
	for i := range c.rows {
		panel := charts.Panel{Title: c.rows[i].Title, X: "s", Y: "answered, %", Low: -4, High: 104, Bands: c.bands(i)}
		sums := map[string][]measure.Share{}
		var sides []string
		for s := range c.of(i) {
			for _, t := range c.of(i)[s].timeline {
				if sums[t.side] == nil {
					sides = append(sides, t.side)
				}
				for len(sums[t.side]) < len(t.shares) {
					sums[t.side] = append(sums[t.side], measure.Share{})
				}
				for second, share := range t.shares {
					sums[t.side][second].Add(share)
				}
			}
		}
		slices.Sort(sides)
		for _, side := range sides {
			series := charts.Series{Name: side, Style: styleOfSide(side)}
			for second, share := range sums[side] {
				if ratio, ok := share.Ratio(); ok {
					series.Points = append(series.Points, charts.Point{X: float64(second) + 0.5, Y: 100 * ratio})
				}
			}
			panel.Series = append(panel.Series, series)
		}
		panels = append(panels, panel)
	}
	return panels
}

// scatters draws every operation of the first run, a panel a row.
func (c *Collected) scatters() []charts.Panel {
	var panels []charts.Panel
	for i := range c.rows {
		first := &c.of(i)[0]
		panel := charts.Panel{Title: c.rows[i].Title, X: "s", Y: "ms", LogY: true, Bands: c.bands(i)}
		series := []charts.Series{
			{Name: "ok", Style: styleStands, Dots: true}, {Name: "fail", Style: styleOther, Dots: true}, {Name: "unknown", Style: styleThird, Dots: true},
		}
		for k := range first.ops {
			op := &first.ops[k]
			if !op.Begun || op.Return == linear.Never {
				continue
			}
			at := charts.Point{X: float64(op.Intended) / 1e9, Y: max(millis(op.Return-op.Intended), 0.05)}
			switch op.Outcome {
			case linear.OK:
				series[0].Points = append(series[0].Points, at)
			case linear.Fail:
				series[1].Points = append(series[1].Points, at)
			case linear.Info:
				series[2].Points = append(series[2].Points, at)
			}
		}
		panel.Series = series
		panels = append(panels, panel)
	}
	return panels
}

// tradeoff draws latency against consistency, a point a row.
func (c *Collected) tradeoff(r *Report) []charts.Panel {
	panel := charts.Panel{X: "median latency of writes, ms", LogX: true, Names: []string{"none of these"}}
	for i := range r.Models {
		panel.Names = append(panel.Names, r.Models[len(r.Models)-1-i].Name)
	}
	taken := map[int]int{} // labels that are near each other get different heights
	for i := range r.Rows {
		row := &r.Rows[i]
		t, known := row.Normal[linear.Write]
		if !known || t.P50 == nil {
			continue
		}
		strongest := slices.IndexFunc(row.Verdicts, func(v VerdictReport) bool { return v.Verdict == linear.Holds })
		level := 0
		if strongest >= 0 {
			level = len(r.Models) - strongest
		}
		height := float64(level) + 0.13*float64(taken[level]%7) - 0.4
		taken[level]++
		panel.Series = append(panel.Series, charts.Series{
			Style: i, Dots: true, Points: []charts.Point{{X: *t.P50, Y: height, Label: row.ID}},
		})
	}
	if len(panel.Series) == 0 {
		return nil
	}
	return []charts.Panel{panel}
}

// staleness draws the distribution of the ages of what was read.
func (c *Collected) staleness() []charts.Panel {
	panel := charts.Panel{X: "age of what was read, ms", Y: "share of reads", LogX: true, Low: 0, High: 1.02, Legend: true}
	for i := range c.rows {
		var ages []int64
		reads := 0
		for s := range c.of(i) {
			for _, read := range c.of(i)[s].reads {
				reads++
				if read.K > 0 {
					ages = append(ages, read.Age)
				}
			}
		}
		if len(ages) == 0 {
			continue
		}
		slices.Sort(ages)
		series := charts.Series{Name: c.rows[i].ID, Style: i, Step: true}
		fresh := reads - len(ages)
		series.Points = append(series.Points, charts.Point{X: 1, Y: float64(fresh) / float64(reads)})
		for k, age := range ages {
			if k+1 == len(ages) || ages[k+1] != age {
				series.Points = append(series.Points, charts.Point{X: max(millis(age), 1), Y: float64(fresh+k+1) / float64(reads)})
			}
		}
		panel.Series = append(panel.Series, series)
	}
	return []charts.Panel{panel}
}

// visibility draws t-visibility.
func (c *Collected) visibility(r *Report) []charts.Panel {
	panel := charts.Panel{X: "ms from the acknowledgement to the read", Y: "share that sees it", LogX: true, Low: 0, High: 1.02, Legend: true}
	for i := range r.Rows {
		p := r.Rows[i].named(c.shown())
		if p == nil && len(r.Rows[i].Phases) > 0 {
			p = &r.Rows[i].Phases[0]
		}
		if p == nil {
			continue
		}
		series := charts.Series{Name: r.Rows[i].ID, Style: i}
		for _, v := range p.Stale.Visible {
			series.Points = append(series.Points, charts.Point{X: max(v.FromMillis, 1), Y: float64(v.Seen) / float64(v.Reads)})
		}
		panel.Series = append(panel.Series, series)
	}
	return []charts.Panel{panel}
}

// divergence draws how far copies are apart over time, a panel a row that has
// copies.
func (c *Collected) divergence() []charts.Panel {
	var panels []charts.Panel
	for i := range c.rows {
		first := &c.of(i)[0]
		if !first.copies {
			continue
		}
		series := charts.Series{Style: styleStands, Step: true, Points: []charts.Point{{}}}
		for _, l := range first.levels {
			series.Points = append(series.Points, charts.Point{X: float64(l.At) / 1e9, Y: float64(l.Extra)})
		}
		series.Points = append(series.Points, charts.Point{X: float64(first.end) / 1e9, Y: series.Points[len(series.Points)-1].Y})
		panels = append(panels, charts.Panel{
			Title: c.rows[i].Title, X: "s", Y: "values − 1", Low: -0.1, High: 4.1, Bands: c.bands(i), Series: []charts.Series{series},
		})
	}
	return panels
}

// costBars draws the messages an operation costs.
func costBars(r *Report) []charts.Panel {
	panel := charts.Panel{
		Y: "messages", Bars: true, Legend: true,
		Series: []charts.Series{{Name: "read", Style: styleStands}, {Name: "write, transfer", Style: styleOther}},
	}
	for i := range r.Rows {
		panel.Ticks = append(panel.Ticks, r.Rows[i].ID)
		for _, cost := range r.Rows[i].Cost {
			if cost.Messages == nil {
				continue
			}
			kind := 0
			if cost.Kind != "read" {
				kind = 1
			}
			panel.Series[kind].Points = append(panel.Series[kind].Points, charts.Point{X: float64(i), Y: cost.Messages.Median})
		}
	}
	if len(panel.Series[0].Points)+len(panel.Series[1].Points) == 0 {
		return nil
	}
	return []charts.Panel{panel}
}
