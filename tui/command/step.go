package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"quorumlab/checker/explore"
	"quorumlab/protocols/hint"
	"quorumlab/scenarios"
	"quorumlab/sim/trace"
	"quorumlab/tui"
	"quorumlab/tui/course"
	"quorumlab/tui/timeline"
)

// stepFlags are the flags of `step`.
type stepFlags struct {
	seed   uint64
	sets   []string
	mutant string
	run    string
	at     string
	lang   string
	json   bool
}

// newStep makes `step`: somebody walks through a run, acts in it, and sees what
// comes of it; where there is no terminal its events are printed.
func newStep(l *lab) *cobra.Command {
	var flags stepFlags
	cmd := &cobra.Command{
		Use:   "step [SCENARIO|FILE.yaml|TRACE|MODEL]",
		Short: "Walk through a run step by step, act in it, and see what comes of it",
		Long: "Step opens a run on the screen: a scenario's, a trace's, a failure that a sweep kept, a run that\n" +
			"check found, what a real node did (serve --trace). Without an argument it offers the lessons.\n" +
			"Every action makes a branch, which goes on by itself by the same seed, and which `:save FILE`\n" +
			"writes as a trace that replay accepts. The name of a model opens that where it begins, to take\n" +
			"its steps by hand. Where standard input or output is no terminal it prints the run, a line an\n" +
			"event.\n\n" +
			"Keys:\n" + tui.KeyTable("    ") + "\n" + exitCodes,
		Example: "  quorumlab step\n" +
			"  quorumlab step cap-partition\n" +
			"  quorumlab step zab-partition --seed 7 --run 5 --at violation\n" +
			"  quorumlab step cap-partition --run figure-3-answer | grep client",
		Args:              atMostOne("a scenario or a trace"),
		ValidArgsFunction: complete(l.scenarioNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return l.step(cmd.Context(), strings.Join(args, ""), flags, cmd.Flags().Changed("seed"))
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&flags.seed, "seed", 1, "decides all that is drawn")
	f.StringArrayVar(&flags.sets, "set", nil, "put a value into the scenario, as `path=value`; may be repeated")
	f.StringVar(&flags.mutant, "mutant", "", "wrap every node in a known `error`")
	f.StringVar(&flags.run, "run", "", "open this `run` of the scenario")
	f.StringVar(&flags.at, "at", "", "stand after this `step` at first, or at the first \"violation\"")
	f.BoolVar(&flags.json, "json", false, "print one JSON object, on a terminal too")
	completeFlag(cmd, "mutant", mutantNames)
	languageFlag(cmd, &flags.lang)
	return cmd
}

// atMostOne allows one argument of a kind, or none.
func atMostOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usage(helpHint(cmd), "%s takes %s at most, found %d arguments", cmd.CommandPath(), what, len(args))
		}
		return nil
	}
}

func (l *lab) step(ctx context.Context, argument string, flags stepFlags, seeded bool) error {
	if _, err := strconv.ParseUint(flags.at, 10, 31); err != nil && flags.at != "" && flags.at != tui.AtViolation {
		return usage("", "--at %q: expected the number of a step, or %s", flags.at, tui.AtViolation)
	}
	if err := scenarios.CheckLanguage(flags.lang); err != nil {
		return usage("", "--lang: %w", err)
	}
	if argument == "" {
		return l.stepLessons(ctx, flags)
	}
	opened, err := l.stepOpen(argument, flags, seeded)
	if err != nil {
		return err
	}
	if opened.course != nil {
		return l.stepCourse(ctx, argument, opened.course, flags)
	}
	if opened.subject.Scenario, err = scenarios.Translate(opened.subject.Scenario, flags.lang); err != nil {
		return err
	}
	runs, err := chosenRuns(opened, flags.run)
	if err != nil {
		return err
	}
	if l.onScreen() && !flags.json {
		return l.stepScreen(ctx, tui.Options{Subject: opened.subject, Run: runs.first, At: flags.at, Verify: opened.verify}, flags.lang)
	}
	return l.stepPrint(ctx, opened.subject, runs.all, flags)
}

// onScreen reports whether there is a terminal to draw on and to type at.
func (l *lab) onScreen() bool { return l.screen && os.Getenv("TERM") != "dumb" }

// stepped is what an argument of `step` means.
type stepped struct {
	subject *timeline.Subject
	// runs are those of a trace; nil: all that the scenario has.
	runs []string
	// verify executes a trace again and compares; nil if it is none.
	verify func(context.Context) error
	// course, if not nil, opens a run that is no simulated world's: there is no
	// subject.
	course func(context.Context) (*course.Course, error)
}

func (l *lab) stepOpen(argument string, flags stepFlags, seeded bool) (*stepped, error) {
	data, isTrace, err := traceBytes(argument)
	if err != nil {
		return nil, err
	}
	if !isTrace {
		return l.stepByName(argument, flags)
	}
	if explore.IsTrace(string(data)) {
		return l.stepChecked(argument, data, flags, seeded)
	}
	if seeded || len(flags.sets) > 0 || flags.mutant != "" {
		return nil, usage("without --seed, --set and --mutant it opens as it is", "%s is a trace: its scenario, seed and mutant stand in it", argument)
	}
	if header, err := trace.NewReader(bytes.NewReader(data)).Next(); err == nil && header.Live() != nil {
		return l.stepLives(argument, data, flags)
	}
	subject, runs, err := timeline.FromTrace(l.Lab, bytes.NewReader(data))
	if err != nil {
		return nil, inFile(argument, err)
	}
	verify := func(ctx context.Context) error {
		_, err := l.Replay(ctx, bytes.NewReader(data))
		return err
	}
	return &stepped{subject: subject, runs: runs, verify: verify}, nil
}

// traceBytes reads a file, if it is one and begins like a trace.
func traceBytes(name string) (data []byte, is bool, err error) {
	file, err := os.Open(name)
	if err != nil {
		if filepath.Ext(name) == ".jsonl" {
			return nil, false, fileError(name, err)
		}
		return nil, false, nil
	}
	defer file.Close()
	first := make([]byte, 32)
	n, _ := io.ReadFull(file, first)
	if first = first[:n]; !bytes.HasPrefix(first, []byte(`{"trace"`)) && !explore.IsTrace(string(first)) {
		if filepath.Ext(name) == ".jsonl" {
			return nil, false, usage("run … --trace FILE writes one", "%s is no trace of a scenario", name)
		}
		return nil, false, nil
	}
	rest, err := io.ReadAll(io.LimitReader(file, pipedBytesMax+1))
	if err != nil {
		return nil, false, fileError(name, err)
	}
	if len(rest) > pipedBytesMax {
		return nil, false, usage("", "%s is longer than %d MiB", name, pipedBytesMax>>20)
	}
	return append(first, rest...), true, nil
}

// runChoice is which runs are shown: all of them, and which first.
type runChoice struct {
	first int
	all   []int
}

// chosenRuns finds the run of a name or, without one, that in which something is
// expected to be violated.
func chosenRuns(s *stepped, name string) (runChoice, error) {
	var choice runChoice
	var names []string
	best := -1
	for i, run := range s.subject.Scenario.Runs {
		if s.runs != nil && !slices.Contains(s.runs, run.Name) {
			continue
		}
		names = append(names, run.Name)
		if name == run.Name {
			return runChoice{i, []int{i}}, nil
		}
		choice.all = append(choice.all, i)
		if best < 0 && tui.ExpectsViolation(&run) {
			best = i
		}
	}
	if name != "" {
		return choice, usage("", "%s has no run %q; %s", s.subject.Scenario.Name, name, hint.For(name, names))
	}
	choice.first = max(best, choice.all[0])
	return choice, nil
}

// stepScreen shows a timeline on the terminal.
func (l *lab) stepScreen(ctx context.Context, options tui.Options, lang string) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(100) // a screen makes little garbage, and stays for long
	}
	options.In, options.Out = l.in, os.Stdout
	options.Exporters = l.exporters()
	options.Again = func(p timeline.Position, s *timeline.Subject) string {
		args := []string{"step", s.Scenario.Name, "--seed", strconv.FormatUint(s.Seed, 10)}
		if s.Mutant != "" {
			args = append(args, "--mutant", s.Mutant)
		}
		args = append(args, languageArgs(lang)...)
		return commandLine(append(args, "--run", p.Line.Run.Name, "--at", strconv.Itoa(p.Step))...)
	}
	return tui.Show(ctx, options)
}

// stepLessons offers the lessons.
func (l *lab) stepLessons(ctx context.Context, flags stepFlags) error {
	lessons, err := tui.Lessons(l.Lab, flags.lang)
	if err != nil {
		return err
	}
	if l.onScreen() && !flags.json {
		return l.stepScreen(ctx, tui.Options{
			Lessons: lessons, At: flags.at,
			Subject: &timeline.Subject{Lab: l.Lab, Seed: flags.seed, Mutant: flags.mutant},
		}, flags.lang)
	}
	if flags.json {
		return l.json(struct {
			Schema  int          `json:"schema"`
			Lessons []tui.Lesson `json:"lessons"`
		}{1, lessons})
	}
	for _, lesson := range lessons {
		fmt.Fprintf(l.out, "%-26s %s\n", lesson.Name, lesson.Title)
	}
	l.hint("on a terminal they can be picked; %s prints one", commandLine("step", lessons[0].Name))
	return nil
}

// stepPrint prints runs, a line an event.
func (l *lab) stepPrint(ctx context.Context, subject *timeline.Subject, runs []int, flags stepFlags) error {
	var t *timeline.Timeline
	printed := stepJSON{Schema: 1, Scenario: subject.Scenario.Name, Seed: subject.Seed, Mutant: subject.Mutant}
	for _, run := range runs {
		var err error
		if t == nil {
			t, err = timeline.New(ctx, subject, run)
		} else {
			var line *timeline.Line
			if line, err = t.DraftRun(ctx, run); err == nil {
				t.Adopt(line)
			}
		}
		if err == nil {
			err = t.Line().Judge(ctx)
		}
		if err != nil {
			return err
		}
		if flags.json {
			printed.add(t)
		} else if err := tui.Text(l.out, t, t.Line()); err != nil {
			return internal(err)
		}
	}
	if flags.json {
		if err := l.json(printed); err != nil {
			return err
		}
	}
	return finished(linesCode(t.Branches()))
}

// linesCode returns the code to exit with after lines were shown.
func linesCode(lines []*timeline.Line) int {
	report := &scenarios.Report{}
	for _, line := range lines {
		if result := line.Result(); result != nil {
			report.Runs = append(report.Runs, *result)
			report.Verdicts = append(report.Verdicts, result.Verdicts...)
		}
	}
	return reportCode(report)
}

// stepJSON is the JSON form of `step`.
type stepJSON struct {
	Schema   int       `json:"schema"`
	Scenario string    `json:"scenario"`
	Seed     uint64    `json:"seed"`
	Mutant   string    `json:"mutant,omitempty"`
	Runs     []runJSON `json:"runs"`
}

type runJSON struct {
	Run      string              `json:"run"`
	Steps    []eventJSON         `json:"steps"`
	Verdicts []scenarios.Verdict `json:"verdicts"`
}

type eventJSON struct {
	Step  int    `json:"step"`
	Time  int64  `json:"time"` // virtual nanoseconds
	Kind  string `json:"kind"`
	Node  string `json:"node,omitempty"`
	From  string `json:"from,omitempty"`
	Cause int    `json:"cause,omitempty"`
	Text  string `json:"text"`
}

// add adds the line on which somebody stands.
func (s *stepJSON) add(t *timeline.Timeline) {
	line := t.Line()
	run := runJSON{Run: line.Run.Name, Verdicts: line.Result().Verdicts}
	name := t.World().Setup().Name
	for first := 1; first <= line.Len(); first += 512 {
		for _, row := range t.Rows(first, first+511) {
			run.Steps = append(run.Steps, eventJSON{
				row.Step, int64(line.Time(row.Step)), string(row.Mark), name(row.Node), name(row.From), row.Cause, row.Text,
			})
		}
	}
	s.Runs = append(s.Runs, run)
}
