package command

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"quorumlab/scenarios"
)

// listedMax is how many failures are listed one by one, beside those of which
// the trace is kept.
const listedMax = 20

// printSweep shows a sweep's report to people. kept holds, by the position of
// the failure, what shrinking made of it.
func (l *lab) printSweep(report *scenarios.SweepReport, kept map[int]*scenarios.Shrunk) {
	fmt.Fprintf(l.out, "%s: seeds %d..%d", l.paint.strong("sweep of "+strings.Join(report.Scenarios, ", ")),
		report.Range.From, report.Range.To)
	if report.Shard.Of > 1 {
		fmt.Fprintf(l.out, ", shard %d/%d", report.Shard.Index, report.Shard.Of)
	}
	fmt.Fprintf(l.out, ", mode %s", report.Mode)
	if report.Mutant != "" {
		fmt.Fprintf(l.out, ", mutant %s", report.Mutant)
	}
	fmt.Fprintln(l.out)
	l.printFailures(scenarios.Violated, report.Failed, kept)
	l.printFailures(scenarios.Unknown, report.Undecided, nil)
	l.printReached(report)
	fmt.Fprintf(l.out, "%d seeds, %s steps, %.1f h of virtual time in %.1f s: %.0f seeds an hour\n", report.Done,
		grouped(report.Steps), report.VirtualSeconds/3600, report.Seconds, report.SeedsPerHour)
	l.printSweepVerdict(report)
}

func (l *lab) printFailures(verdict scenarios.Judgement, list []scenarios.Failure, kept map[int]*scenarios.Shrunk) {
	unlisted := 0
	for i := range list {
		if i >= listedMax && list[i].Trace == "" {
			unlisted++
			continue
		}
		l.printFailure(verdict, &list[i], kept[i])
	}
	if unlisted > 0 {
		fmt.Fprintf(l.out, "  and %d more %s\n", unlisted, verdict)
	}
}

func (l *lab) printFailure(verdict scenarios.Judgement, f *scenarios.Failure, shrunk *scenarios.Shrunk) {
	lead := "  " + l.paint.judged(string(verdict), f.Property+":") + " "
	paragraph(l.out, lead, "      ", fmt.Sprintf("%s/%s, seed %d, %s — %s", f.Scenario, f.Run, f.Seed, f.Mode, f.Witness))
	if shrunk != nil {
		fmt.Fprintf(l.out, "      %s\n", shrunkInWords(shrunk))
	}
	if f.Trace != "" {
		fmt.Fprintf(l.out, "      %s\n", f.Trace)
	}
}

// shrunkInWords says how far a failure was shrunk.
func shrunkInWords(s *scenarios.Shrunk) string {
	text := fmt.Sprintf("shrunk to %s and %s, from %d and %d, in %d runs",
		plural(s.Faults, "fault"), plural(s.Operations, "operation"), s.FaultsBefore, s.OperationsBefore, s.Tests)
	if s.Minimal {
		return text + "; without any one of them it does not fail"
	}
	return text + "; not known to be minimal"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func (l *lab) printReached(report *scenarios.SweepReport) {
	list := func(title string, names []string) {
		if len(names) > 0 {
			fmt.Fprintln(l.out, "  "+title)
		}
		for _, name := range names {
			paragraph(l.out, "    ", "      ", name)
		}
	}
	list("never reached:", report.NeverReached)
	list("never put to the test:", report.NeverTested)
}

func (l *lab) printSweepVerdict(report *scenarios.SweepReport) {
	verdict, text := scenarios.Holds, "nothing found"
	switch {
	case len(report.Failed) > 0:
		verdict, text = scenarios.Violated, plural(len(report.Failed), "failure")
	case report.Unknown > 0:
		verdict, text = scenarios.Unknown, plural(report.Unknown, "verdict")+" unknown"
	}
	if !report.Complete {
		text += "; the sweep is not complete"
		if verdict == scenarios.Holds {
			verdict = scenarios.Unknown
		}
	}
	fmt.Fprintln(l.out, l.paint.judged(string(verdict), text))
}

// sweepProgress is the line that tells how far a sweep is.
func sweepProgress(p scenarios.Progress, elapsed time.Duration) string {
	left := "?"
	if p.Done > 0 {
		hours := elapsed.Hours() / float64(p.Done) * float64(p.Total-p.Done)
		left = fmt.Sprintf("%.0f h", hours)
		if hours < 10 {
			left = time.Duration(hours * float64(time.Hour)).Round(time.Second).String()
		}
	}
	rate := uint64(float64(p.Steps) / max(elapsed.Seconds(), 0.001))
	return fmt.Sprintf("%d of %d seeds, %s, %s steps/s, %v elapsed, about %s left",
		p.Done, p.Total, plural(p.Failed, "failure"), grouped(rate), elapsed.Round(time.Second), left)
}

// grouped shows a number with its digits in groups of three.
func grouped(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, groups...), ",")
}
