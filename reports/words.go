package reports

import (
	"fmt"
	"strings"

	"quorumlab/checker/linear"
)

// The glyphs stand beside the words of verdicts: no colour is needed to tell them
// apart.
const (
	glyphHolds    = "✓"
	glyphViolated = "✗"
	glyphUnknown  = "?"
)

func glyphOf(v linear.Verdict) string {
	switch v {
	case linear.Holds:
		return glyphHolds
	case linear.Violated:
		return glyphViolated
	}
	return glyphUnknown
}

// none stands where there is no figure.
const none = "–"

// digits rounds to three digits, or to whole numbers above.
func digits(v float64) string {
	switch {
	case v != 0 && v < 0.01 && v > -0.01:
		return fmt.Sprintf("%.4f", v)
	case v < 10:
		return strings.TrimSuffix(strings.TrimSuffix(fmt.Sprintf("%.2f", v), "0"), ".0")
	case v < 100:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return fmt.Sprintf("%.0f", v)
}

// short shows a figure with its quartiles only; the unit stands at the column.
func (f *Figure) short() string {
	if f == nil {
		return none
	}
	text := digits(f.Median)
	if f.Low != f.High {
		text += fmt.Sprintf(" [%s–%s]", digits(f.Low), digits(f.High))
	}
	if f.Missing > 0 {
		text += fmt.Sprintf(" (never in %d of %d)", f.Missing, f.Missing+f.N)
	}
	return text
}

// words shows a share with the quartiles of its runs, and of how many it is.
func (a Available) words() string {
	if _, ok := a.Ratio(); !ok {
		return none
	}
	return fmt.Sprintf("%s of %d", a.short(), a.Of)
}

// short shows it without the number.
func (a Available) short() string {
	ratio, ok := a.Ratio()
	if !ok {
		return none
	}
	text := percentWords(ratio)
	if a.Percent != nil && a.Percent.Low != a.Percent.High {
		text += fmt.Sprintf(" [%s–%s]", digits(a.Percent.Low), digits(a.Percent.High))
	}
	return text
}

func millisWords(ms *float64) string {
	if ms == nil {
		return none
	}
	return digits(*ms)
}

// words shows a timing: the percentiles, the quartiles of the runs' medians, and n.
func (t Timing) words() string {
	if t.N == 0 {
		return none
	}
	text := fmt.Sprintf("%s / %s / %s", millisWords(t.P50), millisWords(t.P99), millisWords(t.P999))
	if m := t.Median; m != nil && m.Low != m.High {
		text += fmt.Sprintf(" [%s–%s]", digits(m.Low), digits(m.High))
	}
	return fmt.Sprintf("%s, n=%d", text, t.N)
}

// ranged joins what is wanted of a list.
func ranged(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ", ")
}

// short shows the verdict of all runs, where there is little room.
func (v *VerdictReport) short() string {
	if v.Runs == 0 {
		return glyphUnknown + " not judged"
	}
	switch v.Verdict {
	case linear.Violated:
		return fmt.Sprintf("%s violated in %d of %d runs", glyphViolated, v.Violated, v.Runs)
	case linear.Unknown:
		return fmt.Sprintf("%s not known in %d of %d runs", glyphUnknown, v.Unknown, v.Runs)
	}
	return fmt.Sprintf("%s in all %d runs", glyphHolds, v.Runs)
}

// orNever shows a figure of something that may not happen while a fault lasts.
func (f *Figure) orNever(struck int) string {
	if f == nil && struck > 0 {
		return fmt.Sprintf("never in %d", struck)
	}
	return f.short()
}

// words shows the verdict of all runs.
func (v *VerdictReport) words() string {
	if v.Runs == 0 {
		return "not judged: " + v.Why
	}
	switch v.Verdict {
	case linear.Violated:
		return fmt.Sprintf("violated in %d of %d runs", v.Violated, v.Runs)
	case linear.Unknown:
		return fmt.Sprintf("unknown in %d of %d runs, violated in none", v.Unknown, v.Runs)
	}
	return fmt.Sprintf("no violation in %d runs, %d chances", v.Runs, v.Tested)
}
