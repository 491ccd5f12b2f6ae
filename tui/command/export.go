package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"quorumlab/checker/explore"
	"quorumlab/protocols/hint"
	"quorumlab/reports/film"
)

// exportFlags are the flags of `export`.
type exportFlags struct {
	format   string
	out      string
	run      string
	at       uint64
	from, to uint64
}

// newExport makes `export`: a trace in a form that travels.
func newExport(l *lab) *cobra.Command {
	var flags exportFlags
	cmd := &cobra.Command{
		Use:   "export TRACE",
		Short: "Turn a trace into a page, a diagram, a ShiViz log or a recording",
		Long: "Export executes what a trace tells again and writes it in a form that needs nothing of\n" +
			"this program: html is a page with a slider, the nodes' inboxes and states and a space-time\n" +
			"diagram, which a browser shows without a server; svg is the diagram; shiviz is a log with\n" +
			"vector clocks; asciicast a recording for asciinema. The trace may be that of a scenario, of\n" +
			"check --trace, or of a real node (serve --trace), whose lives are its runs. TRACE - is the\n" +
			"standard input. Of a long run it shows " + fmt.Sprint(film.FramesMost) + " steps, around --at if that is given.\n\n" + exitCodes,
		Example: "  quorumlab export cap.trace.jsonl --format html --out cap.html\n" +
			"  quorumlab export zab.trace.jsonl --format svg --from 200 --to 260",
		Args: exactlyOne("a trace"),
		RunE: func(cmd *cobra.Command, args []string) error { return l.export(cmd.Context(), args[0], flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.format, "format", "html", "the `form`: "+strings.Join(film.FormatNames(), ", "))
	f.StringVar(&flags.out, "out", "-", "write to a `file`; - is the standard output")
	f.StringVar(&flags.run, "run", "", "of a trace with several runs, the one of this `name`; else the first")
	f.Uint64Var(&flags.at, "at", 0, "the `step` at which a page opens")
	f.Uint64Var(&flags.from, "from", 0, "the first `step` that is shown")
	f.Uint64Var(&flags.to, "to", 0, "the last `step` that is shown")
	completeFlag(cmd, "format", film.FormatNames)
	return cmd
}

func (l *lab) export(ctx context.Context, name string, flags exportFlags) error {
	format, known := film.FormatNamed(flags.format)
	if !known {
		return usage("", "no format %q; %s", flags.format, hint.For(flags.format, film.FormatNames()))
	}
	file, err := l.openTrace(name)
	if err != nil {
		return err
	}
	defer file.Close()
	trace, err := io.ReadAll(file)
	if err != nil {
		return fileError(name, err)
	}
	runs, err := l.runsIn(trace)
	if err != nil {
		return inFile(name, err)
	}
	cut := film.Cut{From: flags.from, To: flags.to, At: flags.at}
	if flags.run != "" {
		if cut.Section = slices.Index(runs, flags.run); cut.Section < 0 {
			return usage("", "the trace has no run %q; %s", flags.run, hint.For(flags.run, runs))
		}
	} else if len(runs) > 1 {
		l.hint("of the runs %s this is the first; --run takes another", strings.Join(runs, ", "))
	}
	// Whole before it is written: what fails leaves no file, and no half page.
	var made bytes.Buffer
	filmed, err := l.film(ctx, name, trace, cut)
	if err == nil {
		err = format.Write(filmed, cut, &made)
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return inFile(name, err)
	}
	if flags.out == "-" {
		_, err := l.out.Write(made.Bytes())
		return internal(err)
	}
	return create(flags.out, func(w io.Writer) error {
		_, err := w.Write(made.Bytes())
		return err
	})
}

// runsIn names the runs of a trace.
func (l *lab) runsIn(data []byte) ([]string, error) {
	if explore.IsTrace(string(data)) {
		return []string{"check"}, nil
	}
	if lives, err := livesIn(data); err != nil || lives != nil {
		return lives, err
	}
	headers, err := film.Runs(l.Lab, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var runs []string
	for _, h := range headers {
		runs = append(runs, h.Run)
	}
	return runs, nil
}
