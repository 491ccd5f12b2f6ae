package tui

import (
	"io"
	"strconv"
	"strings"

	"quorumlab/tui/course"
	"quorumlab/tui/timeline"
)

// CourseText writes the lines of a course as plain text, a line a step: what is
// violated stands where it belongs.
func CourseText(w io.Writer, c *course.Course) error {
	text := textWriter{w: w}
	for _, line := range c.Lines() {
		text.printf("%s, %s\n", c.Title, line.Name)
		for step := 1; step <= line.Len(); step++ {
			text.courseStep(c, line, step)
		}
		for _, f := range line.Findings(line.Len()) {
			switch {
			case f.State == timeline.Violated:
				text.printf("%s %s: %s — %s\n", glyphViolated, f.Property, f.Word, f.Sentence)
			case f.State == timeline.Holds:
				text.printf("%s %s: %s — %s\n", glyphHolds, f.Property, f.Word, f.Sentence)
			default:
				text.printf("%s %s: %s — %s\n", glyphOpen, f.Property, f.Word, f.Sentence)
			}
		}
		text.printf("%d steps%s\n", line.Len(), strings.TrimSuffix(", "+line.Ending(), ", "))
	}
	return text.err
}

func (t *textWriter) courseStep(c *course.Course, line *course.Line, step int) {
	row := line.Row(step)
	if c.Timed {
		t.event(strconv.Itoa(step), row.At, string(glyphOf(row.Mark)), row.Text)
		return
	}
	t.printf("%7d  %s %s\n", step, string(glyphOf(row.Mark)), row.Text)
	for _, change := range line.Differences(step-1, line.Run, step) {
		t.printf("%12s %s: %s\n", change.Kind, change.Path, strings.TrimPrefix(strings.Trim(change.Before+" → "+change.After, " "), "→ "))
	}
}
