package command

import (
	"fmt"
	"io"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/world"
)

// keep writes the first run that breaks a property into a file.
func (c *checking) keep(l *lab, r *explore.Result) (kept bool, err error) {
	for _, f := range r.Findings {
		if f.Verdict != explore.Violated {
			continue
		}
		t := explore.NewTrace(c.name, c.model, c.values, c.flags.mutant, f.Property.Name, f.Path)
		return true, create(c.flags.trace, func(w io.Writer) error { return t.Write(w) })
	}
	l.hint("nothing is violated: no trace is written")
	return false, nil
}

// beginsAsCheck reports whether a file is the trace of a check.
func beginsAsCheck(file io.ReadSeeker) (bool, error) {
	var beginning [32]byte
	n, err := io.ReadFull(file, beginning[:])
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return false, err
	}
	_, err = file.Seek(0, io.SeekStart)
	return explore.IsTrace(string(beginning[:n])), err
}

// checkReplay is the JSON form of `replay --json` of a check's trace.
type checkReplay struct {
	Schema     int               `json:"schema"`
	Model      string            `json:"model"`
	Parameters map[string]string `json:"parameters"`
	Mutant     string            `json:"mutant,omitempty"`
	Property   string            `json:"property"`
	Hit        bool              `json:"hit"`
	Run        []checkStep       `json:"run"`
}

// replayCheck makes the run of a check again; if it is one of a world then in
// the simulator's world too.
func (l *lab) replayCheck(name string, file io.Reader, asJSON bool) error {
	t, err := explore.ReadTrace(file)
	if err != nil {
		return usage("", "%s: %v", name, err)
	}
	model, values, err := l.modelOf(name, t)
	if err != nil {
		return err
	}
	c := &checking{name: t.Model, model: model, values: values, flags: checkFlags{mutant: t.Mutant}}
	path, err := explore.Retrace(model, t)
	if err != nil {
		return internal(fmt.Errorf("%s: %w", name, err))
	}
	if w, ok := model.(*world.Model); ok {
		if err := w.Replay(path); err != nil {
			return internal(err)
		}
	}
	property := explore.PropertyNamed(model, t.Property)
	if property < 0 {
		return usage("", "%s: %s has no property %q", name, t.Model, t.Property)
	}
	hit := explore.Breaks(model, path, property)
	if asJSON {
		err = l.json(checkReplay{1, t.Model, values, t.Mutant, t.Property, hit, c.steps(path)})
	} else {
		fmt.Fprintf(l.out, "%s: a run of %s\n", l.paint.strong(t.Model), plural(len(path.Steps), "step"))
		c.printSteps(l, path)
		told := l.paint.judged(string(explore.Violated), t.Property+": violated")
		if !hit {
			told = l.paint.judged(string(explore.Unknown), t.Property+": the run does not break it")
		}
		fmt.Fprintf(l.out, "  %s\n", told)
	}
	if err != nil {
		return err
	}
	if !hit {
		return finished(exitInternal)
	}
	return finished(exitViolated)
}
