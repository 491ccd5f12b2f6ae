package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quorumlab/reports"
	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// printReport shows a report to people: of each run the story, the verdicts,
// what was answered and what was given up; then the figures of the whole.
func (l *lab) printReport(scenario *language.Scenario, report *scenarios.Report) {
	fmt.Fprintf(l.out, "%s: %s\n", l.paint.strong(scenario.Name), scenario.Title)
	if scenario.Source != "" {
		fmt.Fprintln(l.out, l.paint.faint(scenario.Source))
	}
	for i := range report.Runs {
		result := &report.Runs[i]
		l.printRun(result, storyOf(result))
	}
	l.printSummary(report)
}

func (l *lab) printRun(result *scenarios.Result, story []scenarios.Line) {
	fmt.Fprintf(l.out, "\n%s", l.paint.strong(result.Run.Name))
	if result.Run.Title != "" {
		fmt.Fprintf(l.out, ": %s", result.Run.Title)
	}
	fmt.Fprintln(l.out)
	storyPrinter{l.out, l.paint}.tell(story)
	l.printVerdicts(result.Verdicts)
	l.printAvailability(result)
	l.printInDoubt(result.InDoubt)
	paragraph(l.out, "  given up: ", "    ", strings.Join(reports.GivenUp(result), "; "))
}

// glyphs stand beside the words of verdicts.
const (
	glyphHolds    = "✓"
	glyphViolated = "✗"
	glyphUnknown  = "?"
)

// judged shows a verdict as a glyph and with a text, painted.
func (p paint) judged(verdict, text string) string {
	switch verdict {
	case string(scenarios.Holds):
		return p.holds(glyphHolds + " " + text)
	case string(scenarios.Violated):
		return p.violated(glyphViolated + " " + text)
	}
	return p.unknown(glyphUnknown + " " + text)
}

// printVerdicts prints a line a verdict. Those that hold as expected and of
// which there is nothing more to say share one.
func (l *lab) printVerdicts(verdicts []scenarios.Verdict) {
	var plain, vacuous []string
	for _, v := range verdicts {
		if isPlain(v) {
			if v.Vacuous {
				vacuous = append(vacuous, v.Property)
			} else {
				plain = append(plain, v.Property)
			}
			continue
		}
		text := verdictInWords(v)
		lead := "  " + l.paint.judged(string(v.Verdict), v.Property+":") + " "
		if v.AsExpected {
			paragraph(l.out, lead, "      ", text)
		} else {
			paragraph(l.out, lead, "      ", text+" "+atStep(v))
		}
	}
	if len(plain) > 0 {
		lead := "  " + l.paint.judged(string(scenarios.Holds), "hold (as expected):") + " "
		paragraph(l.out, lead, "      ", strings.Join(plain, ", "))
	}
	if len(vacuous) > 0 {
		lead := "  " + l.paint.judged(string(scenarios.Holds), "hold, but nothing put them to the test:") + " "
		paragraph(l.out, lead, "      ", strings.Join(vacuous, ", "))
	}
}

func isPlain(v scenarios.Verdict) bool {
	return v.AsExpected && v.Verdict == scenarios.Holds && v.Witness == "" && v.Property != scenarios.Linearizable
}

// verdictInWords says what was found, what was expected, and why.
func verdictInWords(v scenarios.Verdict) string {
	text := fmt.Sprintf("%s (as expected)", v.Verdict)
	switch {
	case isFigure(v) && v.AsExpected:
		text = string(v.Verdict) // the words that follow have what was expected
	case v.Expected == string(language.Any):
		text = fmt.Sprintf("%s (either was expected)", v.Verdict)
	case !v.AsExpected:
		text = fmt.Sprintf("%s, expected %s", v.Verdict, v.Expected)
	}
	if v.Witness != "" {
		text += " — " + v.Witness
	}
	return text
}

// isFigure reports whether a verdict is about a number.
func isFigure(v scenarios.Verdict) bool {
	return slices.Contains([]string{scenarios.AvailableAs, scenarios.WaitsAs, scenarios.InDoubtAs, scenarios.Happens}, v.Property)
}

func atStep(v scenarios.Verdict) string {
	if v.Step == 0 {
		return ""
	}
	return "(step " + strconv.FormatUint(v.Step, 10) + ")"
}

// printAvailability prints what was answered, a line a side.
func (l *lab) printAvailability(result *scenarios.Result) {
	sides := reports.Sides(result)
	if len(sides) == 0 {
		return
	}
	when := "of those that began while faults lasted"
	if !slices.ContainsFunc(result.Story, func(line scenarios.Line) bool { return line.Kind == scenarios.Strikes }) {
		when = "there were no faults"
	}
	if result.Run.Deadline > 0 {
		when = fmt.Sprintf("within %v, %s", result.Run.Deadline, when)
	}
	fmt.Fprintf(l.out, "  answered (%s):\n", when)
	for _, side := range sides {
		var parts []string
		for _, kind := range side.Kinds {
			parts = append(parts, fmt.Sprintf("%s %s", kind.Kind.Plural(), kind.Share))
		}
		fmt.Fprintf(l.out, "    side %s: %s\n", side.Name, strings.Join(parts, ", "))
	}
}

// printInDoubt prints what being in doubt cost.
func (l *lab) printInDoubt(d *scenarios.InDoubt) {
	if d == nil {
		return
	}
	text := fmt.Sprintf("%d times, the longest %.3f s, %.3f lock-seconds in all; %d requests of others met such a lock",
		d.Branches, d.LongestSeconds, d.LockSeconds, d.Bystanders)
	if d.Open > 0 {
		text += fmt.Sprintf("; %d are in doubt at the end", d.Open)
	}
	paragraph(l.out, "  in doubt: ", "    ", text)
}

// printSummary prints the figures of the whole, and the verdict on it.
func (l *lab) printSummary(report *scenarios.Report) {
	fmt.Fprintf(l.out, "\nseed %d, hash %s: %d steps, %.1f s of virtual time, %s\n",
		report.Seed, report.Hash, report.Steps, report.VirtualSeconds, plural(len(report.Runs), "run"))
	if report.Mutant != "" {
		fmt.Fprintf(l.out, "mutant %s in every node\n", report.Mutant)
	}
	unexpected, undecided := 0, 0
	for _, v := range report.Verdicts {
		switch {
		case v.AsExpected:
		case v.Verdict == scenarios.Unknown:
			undecided++
		default:
			unexpected++
		}
	}
	all := len(report.Verdicts)
	switch {
	case unexpected > 0:
		fmt.Fprintln(l.out, l.paint.judged(string(scenarios.Violated),
			fmt.Sprintf("%d of %d verdicts are not as expected", unexpected, all)))
	case undecided > 0:
		fmt.Fprintln(l.out, l.paint.judged(string(scenarios.Unknown),
			fmt.Sprintf("%d of %d verdicts are unknown", undecided, all)))
	default:
		fmt.Fprintln(l.out, l.paint.judged(string(scenarios.Holds), fmt.Sprintf("all %d verdicts are as expected", all)))
	}
}
