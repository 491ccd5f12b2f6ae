package command

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/world"
	"quorumlab/protocols"
	"quorumlab/protocols/hint"
	"quorumlab/sim/trace"
	"quorumlab/tui"
	"quorumlab/tui/course"
	"quorumlab/tui/timeline"
)

// This file is what of `step` is about models, and real nodes.

// stepByName opens a scenario or, if it is the name of none, a model.
func (l *lab) stepByName(argument string, flags stepFlags) (*stepped, error) {
	if !slices.Contains(l.scenarioNames(), argument) && slices.Contains(l.checkedNames(), argument) {
		set, err := parameters(flags.sets)
		if err != nil {
			return nil, err
		}
		return l.stepModel(argument, &explore.Trace{
			Check: explore.TraceVersion, Model: argument, Parameters: set, Mutant: flags.mutant, Steps: []string{},
		})
	}
	scenario, err := l.scenario(argument, flags.sets...)
	if err != nil {
		return nil, err
	}
	return &stepped{subject: &timeline.Subject{Lab: l.Lab, Scenario: scenario, Seed: flags.seed, Mutant: flags.mutant}}, nil
}

// stepChecked opens the run that a check kept.
func (l *lab) stepChecked(name string, data []byte, flags stepFlags, seeded bool) (*stepped, error) {
	if seeded || len(flags.sets) > 0 || flags.mutant != "" {
		return nil, usage("without --seed, --set and --mutant it opens as it is", "%s is a trace: its model and parameters stand in it", name)
	}
	t, err := explore.ReadTrace(bytes.NewReader(data))
	if err != nil {
		return nil, usage("", "%s: %v", name, err)
	}
	return l.stepModel(name, t)
}

// stepModel opens a run of a model: as a world if it is one of nodes.
func (l *lab) stepModel(name string, t *explore.Trace) (*stepped, error) {
	model, values, err := l.modelOf(name, t)
	if err != nil {
		return nil, err
	}
	t.Parameters = values
	if nodes, ok := model.(*world.Model); ok {
		subject, err := timeline.NewChecked(nodes, t)
		if err != nil {
			return nil, internal(fmt.Errorf("%s: %w", name, err))
		}
		return &stepped{subject: subject}, nil
	}
	c, err := course.FromModel(model, t)
	if err != nil {
		return nil, internal(fmt.Errorf("%s: %w", name, err))
	}
	return &stepped{course: func(context.Context) (*course.Course, error) { return c, nil }}, nil
}

// modelOf makes the model that a trace is of.
func (l *lab) modelOf(name string, t *explore.Trace) (explore.Model, explore.Values, error) {
	entry, err := l.checkedEntry(t.Model, t.Mutant)
	if err != nil {
		return nil, nil, err
	}
	model, values, err := entry.Make(t.Parameters)
	if err != nil {
		return nil, nil, usage("", "%s: %v", name, err)
	}
	return model, values, nil
}

// stepLives opens what a real node did.
func (l *lab) stepLives(name string, data []byte, flags stepFlags) (*stepped, error) {
	if len(flags.sets) > 0 || flags.mutant != "" {
		return nil, usage("without --set and --mutant it opens as it is", "%s is the trace of a real node", name)
	}
	codec, err := liveCodec()
	if err != nil {
		return nil, internal(err)
	}
	open := func(ctx context.Context) (*course.Course, error) {
		c, err := course.FromLives(ctx, data, codec, func(live *trace.Live, mutant string) (protocols.Node, error) {
			return liveNode(live, mutant)
		})
		if err != nil {
			return nil, inFile(name, err)
		}
		return c, nil
	}
	return &stepped{course: open}, nil
}

// stepCourse shows a course on the terminal, or prints it.
func (l *lab) stepCourse(ctx context.Context, name string, open func(context.Context) (*course.Course, error), flags stepFlags) error {
	if l.onScreen() && !flags.json && flags.run == "" {
		if os.Getenv("GOGC") == "" {
			debug.SetGCPercent(100)
		}
		return tui.Show(ctx, tui.Options{
			Course: open, At: flags.at, In: l.in, Out: os.Stdout, Exporters: l.exporters(),
			AgainCourse: func(step int) string {
				args := []string{"step", name}
				for _, set := range flags.sets {
					args = append(args, "--set", set)
				}
				return commandLine(append(args, "--at", strconv.Itoa(step))...)
			},
		})
	}
	c, err := open(ctx)
	if err != nil {
		return err
	}
	if flags.run != "" {
		line := c.Named(flags.run)
		if line == nil {
			var names []string
			for _, l := range c.Lines() {
				names = append(names, l.Name)
			}
			return usage("", "%s has no run %q; %s", name, flags.run, hint.For(flags.run, names))
		}
		c.GoTo(course.Position{Line: line})
	}
	if flags.json {
		err = l.json(courseAsJSON(c))
	} else {
		err = internal(tui.CourseText(l.out, c))
	}
	if err != nil {
		return err
	}
	if len(c.Line().Violations()) > 0 {
		return finished(exitViolated)
	}
	return finished(exitHeld)
}

// courseJSON is the JSON form of `step` of a course.
type courseJSON struct {
	Schema int             `json:"schema"`
	Course string          `json:"course"`
	Runs   []courseRunJSON `json:"runs"`
}

type courseRunJSON struct {
	Run      string          `json:"run"`
	Steps    []eventJSON     `json:"steps"`
	Verdicts []courseFinding `json:"verdicts"`
	Ending   string          `json:"ending,omitempty"`
}

type courseFinding struct {
	Property string `json:"property"`
	Sentence string `json:"sentence"`
	Verdict  string `json:"verdict"`
	Step     int    `json:"step,omitempty"`
}

func courseAsJSON(c *course.Course) courseJSON {
	all := courseJSON{Schema: 1, Course: c.Title}
	for _, line := range c.Lines() {
		run := courseRunJSON{Run: line.Name, Steps: []eventJSON{}, Verdicts: []courseFinding{}, Ending: line.Ending()}
		for step := 1; step <= line.Len(); step++ {
			row := line.Row(step)
			run.Steps = append(run.Steps, eventJSON{
				Step: step, Time: int64(row.At), Kind: string(row.Mark), Node: c.Process(row.Process), From: c.Process(row.From), Text: row.Text,
			})
		}
		for _, f := range line.Findings(line.Len()) {
			run.Verdicts = append(run.Verdicts, courseFinding{f.Property, f.Sentence, cmp.Or(f.Word, string(f.State)), f.First})
		}
		all.Runs = append(all.Runs, run)
	}
	return all
}
