package language

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"

	"quorumlab/protocols"
)

// MaxFileSize is how big a scenario may be, in bytes.
const MaxFileSize = 1 << 20

// Vocabulary is what a scenario may name beyond the language itself.
type Vocabulary struct {
	Protocols []protocols.Protocol
	// Machine makes what the nodes replicate. With it the protocols' own
	// judgement of their parameters is asked for; without it, it is not.
	Machine func() protocols.StateMachine
	// Properties are the names that may stand in `expect`, beside those of
	// the protocol's invariants.
	Properties []string
}

// Load reads a scenario, at most MaxFileSize bytes of it. file is the name for
// messages; each of sets is a `path=value` that is put into the document
// before it is checked. The error is Problems, or what reading r failed with.
func Load(file string, r io.Reader, vocabulary Vocabulary, sets ...string) (*Scenario, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return Parse(file, data, vocabulary, sets...)
}

// Parse is Load for a scenario in memory. The error is Problems.
func Parse(file string, data []byte, vocabulary Vocabulary, sets ...string) (*Scenario, error) {
	if len(data) > MaxFileSize {
		where := place{source: &source{name: file}, line: 1, column: 1}
		return nil, Problems{where.problem("a file of more than 1 MiB", "a scenario", "is this a scenario? They have a few kilobytes")}
	}
	root, problem := parseTree(file, string(data))
	if problem != nil {
		return nil, Problems{problem}
	}
	if root.kind != kindMapping {
		return nil, Problems{root.place.problem(root.describe(), "a scenario: a mapping with `name`, `protocol` and so on", "")}
	}
	for _, argument := range sets {
		o, problem := parseOverride(argument)
		if problem == nil {
			problem = o.apply(root)
		}
		if problem != nil {
			return nil, Problems{problem}
		}
	}
	s := &Scenario{Text: string(data), Canonical: root.render()}
	d := &decoder{}
	if s.compile(d, root, vocabulary); len(d.problems) > 0 {
		slices.SortStableFunc(d.problems, func(a, b *Problem) int {
			return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, d.problems
	}
	return s, nil
}

// runsMax bounds the runs, as each is a scenario of its own.
const runsMax = 32

// kebab is how scenarios and runs are named.
var kebab = regexp.MustCompile(`^[0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// compile decodes a document and turns it into runs.
func (s *Scenario) compile(d *decoder, root *tree, vocabulary Vocabulary) {
	var doc document
	d.into(root, &doc)
	if doc.Name.given() && !kebab.MatchString(string(doc.Name.Value)) {
		d.fail(doc.Name.place, "the name "+quote(string(doc.Name.Value)), "lower-case words joined by -", "")
	}
	s.Name, s.Title = string(doc.Name.Value), string(doc.Title.Value)
	s.About, s.Source = string(doc.About.Value), string(doc.Source.Value)
	checkRunNames(d, doc)
	if len(doc.Runs) > runsMax {
		d.fail(doc.Runs[runsMax].place, plural(len(doc.Runs), "run"), "at most "+itoa(runsMax), "")
	}
	if len(d.problems) > 0 {
		return
	}
	if len(doc.Runs) == 0 {
		empty := &tree{kind: kindMapping, place: root.place}
		s.compileRun(d, root, empty, vocabulary, doc, MainRun, "")
		return
	}
	for _, run := range doc.Runs {
		overlay := root.entry("runs").value.entry(run.Key).value
		s.compileRun(d, root, overlay, vocabulary, doc, run.Key, string(run.Value.Title.Value))
	}
}

// checkRunNames checks the keys of `runs` and `expect`.
func checkRunNames(d *decoder, doc document) {
	known := []string{"all"}
	for _, run := range doc.Runs {
		known = append(known, run.Key)
		if !kebab.MatchString(run.Key) || run.Key == "all" {
			d.fail(run.place, "the run name "+quote(run.Key), "lower-case words joined by -, other than all", "")
		}
	}
	if len(doc.Runs) == 0 {
		known = append(known, MainRun)
	}
	for _, e := range doc.Expect {
		if slices.Contains(known, e.Key) {
			continue
		}
		hint := nearest(e.Key, known)
		if hint == "" && len(doc.Runs) == 0 {
			hint = "what every run must show stands under `all`"
		}
		d.fail(e.place, "the unknown run "+quote(e.Key), "one of "+list(known), hint)
	}
}

// compileRun adds one run.
func (s *Scenario) compileRun(d *decoder, root, overlay *tree, vocabulary Vocabulary, doc document, runName, title string) {
	var b body
	merged := merge(root, overlay)
	d.into(merged, &b)
	c := compiler{decoder: d, vocabulary: vocabulary, body: &b, place: merged.place, run: Run{Name: runName, Title: title}}
	c.compile()
	for _, e := range doc.Expect {
		if e.Key == "all" || e.Key == runName {
			c.compileExpectation(&e.Value)
		}
	}
	s.Runs = append(s.Runs, c.run)
}
