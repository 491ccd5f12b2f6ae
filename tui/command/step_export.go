package command

import (
	"context"
	"io"

	"quorumlab/reports/film"
	"quorumlab/tui"
)

// exporters are the forms of `export`, as the stepper offers them.
func (l *lab) exporters() []tui.Exporter {
	var all []tui.Exporter
	for _, format := range film.Formats() {
		all = append(all, tui.Exporter{
			Name: format.Title, Extension: format.Extension,
			Write: func(ctx context.Context, trace []byte, at uint64, w io.Writer) error {
				return format.Write(ctx, l.Lab, trace, film.Cut{At: at}, w)
			},
		})
	}
	return all
}
