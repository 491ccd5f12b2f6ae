package tui

import (
	"context"
	"errors"
	"fmt"
	"io"

	tea "charm.land/bubbletea/v2"

	"quorumlab/tui/course"
	"quorumlab/tui/timeline"
)

// Options is what the stepper is to show, and where.
type Options struct {
	Subject *timeline.Subject
	Run     int // the run shown first
	// At is the step at first, or AtViolation; "": the start.
	At string
	// Lessons, if there are any, are offered first; the Subject has no scenario.
	Lessons []Lesson
	// Course, if not nil, opens what is shown in the place of the Subject.
	Course func(context.Context) (*course.Course, error)
	// Verify makes sure of a trace, in the background; nil if there is none.
	Verify func(context.Context) error
	// Again returns the command line that opens where one stood; AgainCourse after
	// which step of a Course.
	Again       func(timeline.Position, *timeline.Subject) string
	AgainCourse func(step int) string
	// Exporters are forms in which lines can be written, beside the trace.
	Exporters []Exporter
	// In and Out are the terminal.
	In  io.Reader
	Out io.Writer
}

// AtViolation stands for the step of the first violation.
const AtViolation = "violation"

// Show shows the stepper on a terminal until it is left, and writes then how to come
// back.
func Show(ctx context.Context, options Options) error {
	m := NewModel(ctx, options)
	program := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(options.In), tea.WithOutput(options.Out))
	_, err := program.Run()
	m.stop()
	if err != nil && !errors.Is(err, tea.ErrInterrupted) {
		return err
	}
	if m.ended != "" {
		fmt.Fprintln(options.Out, m.ended)
	}
	return nil
}
