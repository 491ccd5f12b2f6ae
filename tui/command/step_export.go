package command

import (
	"bytes"
	"context"
	"io"

	"quorumlab/checker/explore"
	"quorumlab/reports/film"
	"quorumlab/tui"
	"quorumlab/tui/course"
)

// exporters are the forms of `export`, as the stepper offers them.
func (l *lab) exporters() []tui.Exporter {
	var all []tui.Exporter
	for _, format := range film.Formats() {
		all = append(all, tui.Exporter{
			Name: format.Title, Extension: format.Extension,
			Write: func(ctx context.Context, data []byte, at uint64, w io.Writer) error {
				cut := film.Cut{At: at}
				made, err := l.film(ctx, "the trace", data, cut)
				if err != nil {
					return err
				}
				return format.Write(made, cut, w)
			},
		})
	}
	return all
}

// film films a cut of a trace: of a scenario's, of a check's or of a real node's.
func (l *lab) film(ctx context.Context, name string, data []byte, cut film.Cut) (*film.Film, error) {
	if err := cut.Check(); err != nil {
		return nil, err
	}
	if explore.IsTrace(string(data)) {
		t, err := explore.ReadTrace(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		model, values, err := l.modelOf(name, t)
		if err != nil {
			return nil, err
		}
		t.Parameters = values
		made, err := film.Explored(model, t, cut.Keep)
		if err != nil { // it is none of the model's, as for replay and step
			return nil, internal(err)
		}
		return made, nil
	}
	if lives, err := livesIn(data); err != nil || lives != nil {
		if err != nil {
			return nil, err
		}
		return l.filmLife(data, cut)
	}
	return film.Traced(ctx, l.Lab, bytes.NewReader(data), cut.Section, cut.Keep)
}

// livesIn names the lives of a real node's trace; nil: it is none.
func livesIn(data []byte) ([]string, error) {
	if live, err := beginsAsLive(bytes.NewReader(data)); err != nil || !live {
		return nil, err
	}
	var names []string
	for line := range bytes.Lines(data) {
		if bytes.HasPrefix(line, []byte(`{"trace":`)) {
			names = append(names, course.LifeName(len(names)))
		}
	}
	return names, nil
}

// filmLife films a life of a real node: those before it are gone through, too.
func (l *lab) filmLife(data []byte, cut film.Cut) (*film.Film, error) {
	lives, err := newLiveLives(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	for section := 0; ; section++ {
		header, player, err := lives.next()
		if err != nil {
			return nil, err
		}
		keep := cut.Keep
		if section < cut.Section {
			keep = func(uint64) bool { return false }
		}
		made, err := film.Lived(player, header, lives.codec, keep)
		if err != nil || section == cut.Section {
			return made, err
		}
	}
}
