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
	// Write writes what a trace tells of.
	Write func(ctx context.Context, trace []byte, w io.Writer) error
}

// exporters returns the trace itself, and what else there is.
func (m *Model) exporters() []Exporter {
	return append([]Exporter{{Name: "trace, which replay and step accept", Extension: ".trace.jsonl"}}, m.options.Exporters...)
}

// fileName proposes a name for a file.
func (m *Model) fileName(extension string) string {
	l := m.t.Line()
	name := m.t.Scenario.Name + "-" + l.Run.Name
	if l.Parent != nil {
		name += "-" + l.Name
	}
	return strings.ReplaceAll(name, " ", "-") + extension
}

// export writes the line on which one stands into a file, in the background.
func (m *Model) export(x Exporter, file string) tea.Cmd {
	if file == "" {
		m.message = "a file needs a name"
		return nil
	}
	ctx, generation := m.begin("writing " + file)
	save, write := m.t.Save, x.Write
	line := m.t.Line().Copy()
	return func() tea.Msg {
		var trace bytes.Buffer
		err := save(ctx, line, &trace)
		if err == nil {
			err = writeFile(ctx, file, trace.Bytes(), write)
		}
		return savedMsg{generation, file, err}
	}
}

// writeFile writes a trace, in some form, to a file. If that fails no file is left.
func writeFile(ctx context.Context, name string, trace []byte, form func(context.Context, []byte, io.Writer) error) error {
	var out bytes.Buffer
	if form == nil {
		out.Write(trace)
	} else if err := form(ctx, trace, &out); err != nil {
		return err
	}
	return os.WriteFile(name, out.Bytes(), 0o666)
}
