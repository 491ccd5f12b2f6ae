package tui

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"quorumlab/tui/timeline"
)

// textMax is where a line of Text is cut, in characters.
const textMax = 240

// Text writes a line of a timeline as plain text, a line an event: narration and
// violations stand where they belong. The line must be judged.
func Text(w io.Writer, t *timeline.Timeline, l *timeline.Line) error {
	text := textWriter{w: w}
	title := l.Name
	if l.Run.Title != "" {
		title += ": " + l.Run.Title
	}
	text.printf("%s, seed %d%s\n", title, t.Seed, mutantText(t.Mutant))
	cues := l.Cues()
	violations := l.Violations()
	text.cues(&cues, 0)
	for first := 1; first <= l.Len(); first += textBlock {
		t.GoTo(timeline.Position{Line: l, Step: first})
		for _, row := range t.Rows(first, first+textBlock-1) {
			text.cues(&cues, row.Step-1)
			text.event(fmt.Sprint(row.Step), l.Time(row.Step), string(glyphOf(row.Mark)), row.Text)
			for len(violations) > 0 && violations[0].First <= row.Step {
				text.violation(&violations[0], l.Time(row.Step))
				violations = violations[1:]
			}
		}
	}
	text.cues(&cues, l.Len())
	for i := range violations { // of a run without steps
		text.violation(&violations[i], l.Until())
	}
	text.printf("%d steps, %s of virtual time\n", l.Len(), seconds(l.Until()))
	return text.err
}

// textBlock is how many steps are written at a time.
const textBlock = 512

func mutantText(mutant string) string {
	if mutant == "" {
		return ""
	}
	return ", mutant " + mutant
}

// textWriter writes lines, and keeps the first error.
type textWriter struct {
	w   io.Writer
	err error
}

func (t *textWriter) printf(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, args...)
	}
}

func (t *textWriter) event(number string, at time.Duration, sign, text string) {
	if utf8.RuneCountInString(text) > textMax {
		text = string([]rune(text)[:textMax]) + "…"
	}
	t.printf("%7s %10s  %s %s\n", number, seconds(at), sign, strings.ReplaceAll(text, "\n", " "))
}

// cues writes the narration that is told up to a step, and takes it away.
func (t *textWriter) cues(cues *[]timeline.Cue, step int) {
	for len(*cues) > 0 && (*cues)[0].Step <= step {
		c := (*cues)[0]
		*cues = (*cues)[1:]
		if c.Answer == "" {
			t.event("", c.At, "say", c.Text)
			continue
		}
		t.event("", c.At, "ask", c.Text)
		t.event("", c.At, "answer", c.Answer)
	}
}

func (t *textWriter) violation(p *timeline.Property, at time.Duration) {
	t.event("", at, glyphViolated, p.Property+": violated"+expectedText(p)+" — "+p.Witness)
}

// expectedText says whether a verdict is what the scenario expects.
func expectedText(p *timeline.Property) string {
	switch {
	case p.Expected == "": // somebody acted in the run
		return ""
	case p.AsExpected:
		return " (as expected)"
	}
	return ", expected " + p.Expected
}

// seconds shows virtual time to the millisecond.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%d.%03ds", d/time.Second, d%time.Second/time.Millisecond)
}
