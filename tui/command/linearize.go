package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/checker/linear"
	"quorumlab/protocols/hint"
)

// linearizeFlags are the flags of `linearize`.
type linearizeFlags struct {
	model   string
	format  string
	html    string
	steps   int
	timeout time.Duration
	level   string
	json    bool
}

// transactionsModel is the name of the model of transactions on lists.
const transactionsModel = "append"

// judgedFiles is the JSON form of `linearize --json`.
type judgedFiles struct {
	Schema int          `json:"schema"`
	Model  string       `json:"model"`
	Files  []judgedFile `json:"files"`
}

// judgedFile is what became of one history.
type judgedFile struct {
	File       string `json:"file"`
	Format     string `json:"format"`
	Operations int    `json:"operations"`
	Keys       int    `json:"keys"`
	// Open, Nemesis, Shifted and Unused tell what of the file was read in a
	// way that needs telling: see linear.Report.
	Open        int             `json:"open"`
	Nemesis     int             `json:"nemesis"`
	Shifted     int             `json:"shifted"`
	Unused      []linear.Unused `json:"unused"`
	Verdict     string          `json:"verdict"`
	Key         string          `json:"key"`
	Offender    int             `json:"offender,omitempty"`
	Witness     []int           `json:"witness"` // ids of operations
	Undecided   []string        `json:"undecided"`
	Explanation string          `json:"explanation"`
	Levels      []judgedLevel   `json:"levels,omitempty"` // of transactions
	Seconds     float64         `json:"seconds"`
	// Error tells why the file could not be judged; Verdict is then "".
	Error string `json:"error,omitempty"`
}

// newLinearize makes `linearize`: recorded histories judged.
func newLinearize(l *lab) *cobra.Command {
	var flags linearizeFlags
	cmd := &cobra.Command{
		Use:   "linearize --model MODEL FILE...",
		Short: "Judge whether recorded histories are linearizable",
		Long: "Linearize reads histories of what clients saw and judges each. It knows our own JSON\n" +
			"Lines (run --history writes them), Jepsen's EDN, and two forms of jepsen.util logs. Nothing\n" +
			"is skipped silently: a line that it does not understand is bad input.\n\n" +
			"The models queue (FIFO) and lock take such lines, each key an object of its own:\n\n" +
			"  {\"id\":1,\"session\":1,\"key\":\"q\",\"op\":\"enqueue\",\"in\":\"a\",\"invoke\":0,\"return\":10,\"outcome\":\"ok\"}\n" +
			"  {\"id\":2,\"session\":2,\"key\":\"q\",\"op\":\"dequeue\",\"out\":\"a\",\"invoke\":20,\"return\":30,\"outcome\":\"ok\"}\n\n" +
			"A dequeue that found nothing has out null. For a lock op is acquire or release by the session;\n" +
			"the out of an acquire is its fencing token (\"33\") or null. In EDN and jepsen.util logs :f is\n" +
			":enqueue, :dequeue, :acquire or :release; a :drain has to be written out as :dequeue.\n\n" +
			"With the model append it judges transactions that append to lists and read them, by the\n" +
			"cycles that Adya names (G0, G1a, G1b, G1c, G-single, G2), level by level.\n\n" + exitCodes,
		Example: "  quorumlab linearize --model kv history.jsonl\n" +
			"  quorumlab linearize --model append --level serializable jepsen/history.edn\n" +
			"  quorumlab linearize --model cas --timeout 1m --html page.html jepsen/history.edn",
		Args: atLeast(1, "a history"),
		RunE: func(cmd *cobra.Command, args []string) error { return l.linearize(cmd.Context(), args, flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.model, "model", "", "what the operations mean: `register`, cas, kv, queue, lock or append")
	f.StringVar(&flags.format, "format", "", "the files' `format`; told by their first bytes if not given")
	f.StringVar(&flags.html, "html", "", "write porcupine's page of the violated key to a `file`")
	f.IntVar(&flags.steps, "steps", linear.StepsDefault, "bound of the search on each key, the same on every machine")
	f.DurationVar(&flags.timeout, "timeout", 0, "bound of the time for each file; 0: none")
	f.StringVar(&flags.level, "level", strictest(), "the isolation `level` that transactions (--model append) are to keep")
	f.BoolVar(&flags.json, "json", false, "print one JSON object")
	completeFlag(cmd, "model", modelNames)
	completeFlag(cmd, "level", levelNames)
	completeFlag(cmd, "format", formatNames)
	return cmd
}

func modelNames() []string {
	var names []string
	for _, m := range linear.Models() {
		names = append(names, m.Name)
	}
	return append(names, transactionsModel)
}

func formatNames() []string {
	var names []string
	for _, f := range linear.Formats() {
		names = append(names, string(f))
	}
	return names
}

// check returns the model that the flags name.
func (f *linearizeFlags) check(files []string) (linear.Model, error) {
	switch {
	case f.model == "":
		return linear.Model{}, usage("for example --model kv", "linearize needs a --model: %s", strings.Join(modelNames(), ", "))
	case !slices.Contains(modelNames(), f.model):
		return linear.Model{}, usage("", "no model %q; %s", f.model, hint.For(f.model, modelNames()))
	case f.format != "" && !slices.Contains(formatNames(), f.format):
		return linear.Model{}, usage("", "no format %q; %s", f.format, hint.For(f.format, formatNames()))
	case f.html != "" && len(files) > 1:
		return linear.Model{}, usage("judge them one by one", "--html is for one history, found %d", len(files))
	case f.steps < 1:
		return linear.Model{}, usage("", "--steps %d: expected a number from 1", f.steps)
	case !slices.Contains(levelNames(), f.level):
		return linear.Model{}, usage("", "no level %q; %s", f.level, hint.For(f.level, levelNames()))
	case f.level != strictest() && f.model != transactionsModel:
		return linear.Model{}, usage("", "--level is for --model %s", transactionsModel)
	case f.timeout < 0:
		return linear.Model{}, usage("", "--timeout %v: expected a time that is not negative", f.timeout)
	case f.model == transactionsModel && (f.html != "" || f.format != "" || f.timeout > 0 || f.steps != linear.StepsDefault):
		return linear.Model{}, usage("", "--html, --format, --steps and --timeout are not for --model %s", transactionsModel)
	case f.model == transactionsModel:
		return linear.Model{Name: f.model}, nil
	}
	return linear.ModelByName(f.model)
}

func (l *lab) linearize(ctx context.Context, names []string, flags linearizeFlags) error {
	model, err := flags.check(names)
	if err != nil {
		return err
	}
	judged := judgedFiles{Schema: 1, Model: model.Name, Files: []judgedFile{}}
	bad := false
	for _, name := range names {
		file, err := l.judgeFile(ctx, name, model, flags)
		if err != nil {
			bad, file.Error = true, err.Error()
			tellError(l.streams, err)
		}
		judged.Files = append(judged.Files, file)
		if !flags.json && err == nil {
			l.printJudged(&file)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if flags.json {
		if err := l.json(judged); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return finished(judged.code(bad))
}

// code returns the code to exit with: what is worst of all files.
func (j *judgedFiles) code(bad bool) int {
	has := func(verdict linear.Verdict) bool {
		return slices.ContainsFunc(j.Files, func(f judgedFile) bool { return f.Verdict == string(verdict) })
	}
	switch {
	case bad:
		return exitUsage
	case has(linear.Violated):
		return exitViolated
	case has(linear.Unknown):
		return exitInconclusive
	}
	return exitHeld
}

// judgeFile reads a history and judges it.
func (l *lab) judgeFile(ctx context.Context, name string, model linear.Model, flags linearizeFlags) (judgedFile, error) {
	judged := judgedFile{File: name, Unused: []linear.Unused{}, Witness: []int{}, Undecided: []string{}}
	file, err := openFile(name)
	if err != nil {
		return judged, err
	}
	defer file.Close()
	if model.Name == transactionsModel {
		return judgeTransactions(name, file, flags)
	}
	history, report, err := linear.DecodeFor(file, linear.Format(flags.format), model)
	if err != nil {
		return judged, inFile(name, err)
	}
	judged.Operations, judged.Keys = len(history), len(history.Keys())
	judged.read(report)
	if flags.timeout > 0 {
		bounded, cancel := context.WithTimeout(ctx, flags.timeout)
		defer cancel()
		ctx = bounded
	}
	started := time.Now()
	result, err := linear.Check(ctx, history, model, linear.Options{Steps: flags.steps, Clock: report.Clock})
	judged.Seconds = time.Since(started).Seconds()
	if err != nil {
		return judged, inFile(name, err)
	}
	judged.take(result)
	if flags.html == "" {
		return judged, nil
	}
	if result.Verdict != linear.Violated {
		l.hint("%s: no page is written: no key is violated", name)
		return judged, nil
	}
	return judged, create(flags.html, func(w io.Writer) error {
		return linear.Visualize(w, history, result, nil)
	})
}

// read takes over what is told of the reading.
func (j *judgedFile) read(report linear.Report) {
	j.Format = string(report.Format)
	j.Open, j.Nemesis, j.Shifted = report.Open, report.Nemesis, report.Shifted
	j.Unused = append(j.Unused, report.Unused...)
}

func (j *judgedFile) take(result linear.Result) {
	j.Verdict, j.Key, j.Offender = string(result.Verdict), result.Key, result.Offender
	j.Undecided = append(j.Undecided, result.Undecided...)
	j.Explanation = result.Explanation
	for i := range result.Witness {
		j.Witness = append(j.Witness, result.Witness[i].ID)
	}
}

// printJudged shows the verdict on one file to people.
func (l *lab) printJudged(j *judgedFile) {
	fmt.Fprintf(l.out, "%s: %s\n", l.paint.judged(j.Verdict, j.Verdict), j.File)
	if len(j.Levels) > 0 {
		l.printLevels(j)
	} else {
		fmt.Fprintf(l.out, "    %s, %s on %s, format %s, judged in %.3f s\n", linearizableAs(j.Verdict),
			plural(j.Operations, "operation"), plural(j.Keys, "key"), j.Format, j.Seconds)
	}
	if j.Explanation != "" {
		paragraph(l.out, "    ", "    ", j.Explanation)
	}
	for _, told := range []struct {
		count int
		text  string
	}{
		{j.Open, "were invoked and never completed"},
		{j.Nemesis, "events of the fault injector are no operations"},
		{j.Shifted, "events had a time that did not grow; their order was kept"},
	} {
		if told.count > 0 {
			l.hint("%s: %d %s", j.File, told.count, told.text)
		}
	}
	for _, u := range j.Unused {
		l.hint("%s: the field %s means nothing here, %d times", j.File, u.Field, u.Count)
	}
}

func linearizableAs(verdict string) string {
	switch linear.Verdict(verdict) {
	case linear.Holds:
		return "linearizable"
	case linear.Violated:
		return "not linearizable"
	}
	return "not known to be linearizable"
}
