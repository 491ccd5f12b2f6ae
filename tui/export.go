package tui

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// Exporter is a form in which a line can be written.
type Exporter struct {
	Name      string // for people: what it is
	Extension string // of its files, with the dot
	// Write writes what a trace tells of; at is the step at which it opens.
	Write func(ctx context.Context, trace []byte, at uint64, w io.Writer) error
}

// exporters returns the trace itself, and what else there is.
func (m *Model) exporters() []Exporter {
	return append([]Exporter{{Name: "trace, which replay and step accept", Extension: ".trace.jsonl"}}, m.options.Exporters...)
}

// fileName proposes a name for a file.
func (m *Model) fileName(extension string) string {
	if m.c != nil {
		return strings.ReplaceAll(m.c.Title+"-"+m.c.Line().Name, " ", "-") + extension
	}
	l := m.t.Line()
	name := m.t.Scenario.Name + "-" + l.Run.Name
	if l.Parent != nil {
		name += "-" + l.Name
	}
	return strings.ReplaceAll(name, " ", "-") + extension
}

// saving returns what writes the line on which one stands as a trace, on another
// goroutine.
func (m *Model) saving(ctx context.Context) func(io.Writer) error {
	if m.c != nil {
		var whole bytes.Buffer // a course is nobody else's to read
		err := m.c.Line().Save(&whole)
		return func(w io.Writer) error {
			if err == nil {
				_, err = whole.WriteTo(w)
			}
			return err
		}
	}
	t, line := m.t, m.t.Line().Copy()
	return func(w io.Writer) error { return t.Save(ctx, line, w) }
}

// export writes the line on which one stands into a file, in the background.
func (m *Model) export(x Exporter, file string) tea.Cmd {
	if file == "" {
		m.message = "a file needs a name"
		return nil
	}
	ctx, generation := m.begin("writing " + file)
	at := uint64(m.stepNow())
	save := m.saving(ctx)
	return func() tea.Msg {
		var trace bytes.Buffer
		err := save(&trace)
		var out bytes.Buffer
		switch {
		case err != nil:
		case x.Write == nil:
			out = trace
		default:
			err = x.Write(ctx, trace.Bytes(), at, &out)
		}
		if err == nil { // else no file is left
			err = os.WriteFile(file, out.Bytes(), 0o666)
		}
		return savedMsg{generation, file, err}
	}
}
