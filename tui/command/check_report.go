package command

import (
	"cmp"
	"fmt"
	"strings"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/world"
)

// checkReport is the JSON form of `check --json`.
type checkReport struct {
	Schema     int               `json:"schema"`
	Model      string            `json:"model"`
	Parameters map[string]string `json:"parameters"`
	// Bounds says in words what of a world's runs is explored.
	Bounds        []string `json:"bounds,omitempty"`
	Generated     uint64   `json:"generated"`
	Distinct      uint64   `json:"distinct"`
	Depth         int      `json:"depth"`
	Terminal      uint64   `json:"terminal"` // states without a successor
	Seconds       float64  `json:"seconds"`
	PerSecond     float64  `json:"generated_per_second"`
	Bytes         uint64   `json:"bytes"`
	BytesPerState float64  `json:"bytes_per_state"`
	Workers       int      `json:"workers"`
	Mutant        string   `json:"mutant,omitempty"`
	Symmetry      bool     `json:"symmetry"`
	// POR: partial-order reduction.
	POR    bool   `json:"por"`
	PORWay string `json:"por_way,omitempty"` // both, persistent or sleep
	// PORNothing says why it leaves nothing out of this model, if so.
	PORNothing     string          `json:"por_nothing,omitempty"`
	Search         string          `json:"search"` // breadth, depth or walk
	Walk           string          `json:"walk,omitempty"`
	Complete       bool            `json:"complete"`
	Bound          string          `json:"bound,omitempty"`
	Frontier       uint64          `json:"frontier"` // states that were not expanded
	CollisionBound float64         `json:"collision_bound"`
	Seed           uint64          `json:"seed"`
	Verdicts       []checkVerdict  `json:"verdicts"`
	Coverage       []checkCoverage `json:"coverage"`
	Branches       []checkBranch   `json:"branches,omitempty"` // of a protocol
	// NeverTaken names the kinds of step and the branches that were never taken.
	NeverTaken []string `json:"never_taken"`
}

type checkVerdict struct {
	Property string `json:"property"`
	Sentence string `json:"sentence"`
	Expected string `json:"expected"` // always, sometimes, eventually or again and again
	Verdict  string `json:"verdict"`
	// Length is that of the run that shows it, in steps.
	Length int `json:"length,omitempty"`
	// Loop is the step after which the run goes on for ever with the steps
	// behind it; it is missing if the run ends.
	Loop *int `json:"loop,omitempty"`
	// Reason says what the nodes' steps break where the run ends.
	Reason string      `json:"reason,omitempty"`
	Run    []checkStep `json:"run,omitempty"`
}

// checkStep is a step of a run: what happened, and what it changed.
type checkStep struct {
	Step    string        `json:"step"`
	Changes []checkChange `json:"changes"`
}

type checkChange struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

type checkCoverage struct {
	Kind  string `json:"kind"`
	Steps uint64 `json:"steps"`
}

// checkBranch is a branch of a protocol, and in how many distinct situations of a
// node it was taken.
type checkBranch struct {
	Of    string `json:"of"`
	Name  string `json:"name"`
	Taken uint64 `json:"taken"`
}

var expectations = [...]string{
	explore.Never: "always", explore.Sometimes: "sometimes", explore.Eventually: "eventually",
	explore.Again: "again and again",
}

func (c *checking) report(r *explore.Result) *checkReport {
	report := &checkReport{
		Schema: 1, Model: c.name, Parameters: c.values, Bounds: c.bounds(), Generated: r.Generated, Distinct: r.Distinct,
		Depth: r.Depth, Terminal: r.Terminal, Seconds: r.Elapsed.Seconds(),
		PerSecond: float64(r.Generated) / max(r.Elapsed.Seconds(), 1e-9),
		Bytes:     r.Bytes, BytesPerState: float64(r.Bytes) / float64(max(1, r.Distinct)),
		Workers: c.flags.workers, Mutant: c.flags.mutant, Symmetry: c.flags.symmetry, POR: c.flags.por != "", PORWay: c.flags.por, PORNothing: c.inseparable(),
		Search: c.search(), Walk: c.flags.scheduler, Complete: r.Complete(), Bound: string(r.Bound),
		Frontier: r.Frontier, CollisionBound: r.CollisionBound, Seed: c.flags.seed,
		Verdicts: []checkVerdict{}, Coverage: []checkCoverage{},
	}
	for _, f := range r.Findings {
		v := checkVerdict{
			Property: f.Property.Name, Sentence: f.Property.Sentence,
			Expected: expectations[f.Property.Expectation], Verdict: string(f.Verdict),
		}
		if f.Path != nil {
			v.Run = c.steps(f.Path)
			v.Length = len(v.Run)
			v.Reason = c.reason(f)
			if f.Path.Loop > 0 {
				v.Loop = new(int)
				*v.Loop = f.Path.Loop - 1
			}
		}
		report.Verdicts = append(report.Verdicts, v)
	}
	for kind, name := range c.model.Kinds() {
		report.Coverage = append(report.Coverage, checkCoverage{name, r.Kinds[kind]})
	}
	for _, b := range c.branches() {
		report.Branches = append(report.Branches, checkBranch(b))
	}
	report.NeverTaken = c.neverTaken(r)
	return report
}

// bounds says what of a world's runs is explored, nil of other models.
func (c *checking) bounds() []string {
	if bounded, ok := c.model.(interface{ Bounds() []string }); ok {
		return bounded.Bounds()
	}
	return nil
}

// branches lists the branches of a protocol.
func (c *checking) branches() []explore.Branch {
	if covering, ok := c.model.(explore.Covering); ok {
		return covering.Coverage()
	}
	return nil
}

// neverTaken names what was never taken.
func (c *checking) neverTaken(r *explore.Result) []string {
	never := []string{}
	for kind, name := range c.model.Kinds() {
		if r.Kinds[kind] == 0 {
			never = append(never, "step "+name)
		}
	}
	for _, b := range c.branches() {
		if b.Taken == 0 {
			never = append(never, b.Of+" "+b.Name)
		}
	}
	return never
}

// steps tells a run.
func (c *checking) steps(path *explore.Path) []checkStep {
	steps := []checkStep{}
	for i, label := range path.Steps {
		step := checkStep{Step: c.model.Explain(label), Changes: []checkChange{}}
		for _, change := range explore.Differences(c.model, path.States[i], path.States[i+1]) {
			step.Changes = append(step.Changes, checkChange(change))
		}
		steps = append(steps, step)
	}
	return steps
}

// print tells the result to people.
func (c *checking) print(l *lab, r *explore.Result) {
	fmt.Fprintln(l.out, strings.TrimSuffix(l.paint.strong(c.name)+": "+c.parameters(), ": "))
	if bounds := c.bounds(); bounds != nil {
		paragraph(l.out, "  bounds: ", "      ", strings.Join(bounds, "; "))
	}
	if c.flags.scheduler != "" {
		c.printWalks(l, r)
	} else {
		c.printSearch(l, r)
	}
	for _, f := range r.Findings {
		c.printFinding(l, r, f)
	}
	if c.flags.coverage {
		c.printCoverage(l, r)
	}
}

// printWalks tells how far a model was walked.
func (c *checking) printWalks(l *lab, r *explore.Result) {
	fmt.Fprintf(l.out, "  inconclusive: walked at random (%s, depth %d, seed %d), %s of up to %s; nothing is verified\n",
		c.flags.scheduler, c.flags.walk.Depth, c.flags.seed, plural(c.flags.walk.Walks, "walk"), plural(c.flags.walk.StepsMax, "step"))
	fmt.Fprintf(l.out, "  %s states met, not all of them different, in %.3f s; %s ended where nothing could happen\n",
		grouped(r.Generated), r.Elapsed.Seconds(), plural(int(r.Terminal), "walk"))
}

// printSearch tells how much of a model was explored.
func (c *checking) printSearch(l *lab, r *explore.Result) {
	what := "every reachable state was explored"
	if !r.Complete() {
		what = fmt.Sprintf("inconclusive: bound reached after %s states (%s); %s of them were not expanded",
			grouped(r.Distinct), r.Bound, grouped(r.Frontier))
	}
	fmt.Fprintf(l.out, "  %s\n", what)
	fmt.Fprintf(l.out, "  %s states generated, %s distinct, depth %d, %s without a successor\n",
		grouped(r.Generated), grouped(r.Distinct), r.Depth, grouped(r.Terminal))
	fmt.Fprintf(l.out, "  %.3f s, %s states/s with %s, %s, %.1f bytes a state\n", r.Elapsed.Seconds(),
		grouped(uint64(float64(r.Generated)/max(r.Elapsed.Seconds(), 1e-9))), plural(c.flags.workers, "worker"), megabytes(r.Bytes),
		float64(r.Bytes)/float64(max(1, r.Distinct)))
	fmt.Fprintf(l.out, "  %s first; reductions: %s; fingerprint collisions: %s (seed %d)\n",
		c.search(), c.reductions(), c.collisions(r.CollisionBound), c.flags.seed)
	if why := c.inseparable(); why != "" {
		paragraph(l.out, "  --por leaves nothing out of this model: ", "      ", why)
	}
}

// inseparable says why the partial-order reduction that is asked for leaves nothing
// out, "" if it does or is not asked for.
func (c *checking) inseparable() string {
	model, ok := c.model.(explore.Inseparable)
	if !ok || c.flags.por == "" {
		return ""
	}
	return model.Inseparable()
}

func (c *checking) search() string {
	switch {
	case c.flags.scheduler != "":
		return "walk"
	case c.flags.dfs:
		return "depth"
	}
	return "breadth"
}

func (c *checking) reductions() string {
	var all []string
	if c.flags.symmetry {
		all = append(all, "symmetry")
	}
	switch c.flags.por {
	case porBoth:
		all = append(all, "partial order")
	case porPersistent, porSleep:
		all = append(all, "partial order ("+c.flags.por+" sets)")
	}
	return cmp.Or(strings.Join(all, ", "), "none")
}

func (c *checking) collisions(bound float64) string {
	switch {
	case bound == 0:
		return "impossible, they are one to one"
	case c.flags.audit:
		return "none, the states themselves were compared"
	}
	return fmt.Sprintf("none, but with a probability below %.1g", bound)
}

// printFinding tells a verdict, and the run that breaks a property.
func (c *checking) printFinding(l *lab, r *explore.Result, f explore.Finding) {
	glyph, told := glyphOf(f.Verdict), string(f.Verdict)
	if f.Path != nil {
		told += fmt.Sprintf(" in %s", plural(len(f.Path.Steps), "step"))
	}
	if f.Verdict == explore.Unknown {
		told += fmt.Sprintf(" (not in the %s states that were reached)", grouped(cmp.Or(r.Distinct, r.Generated)))
	}
	paragraph(l.out, "  "+l.paint.judged(glyph, f.Property.Name+": "+told)+" — ", "      ", f.Property.Sentence)
	if f.Verdict != explore.Violated {
		return
	}
	c.printSteps(l, f.Path)
	if reason := c.reason(f); reason != "" {
		paragraph(l.out, "      ", "      ", reason)
	}
}

// reason says in words what is broken where the run of a violation ends, "" if
// nothing tells.
func (c *checking) reason(f explore.Finding) string {
	w, ok := c.model.(*world.Model)
	if !ok || f.Verdict != explore.Violated {
		return ""
	}
	return w.Reason(f.Path.States[len(f.Path.States)-1])
}

// printSteps tells a run step by step.
func (c *checking) printSteps(l *lab, path *explore.Path) {
	for i, step := range c.steps(path) {
		fmt.Fprintf(l.out, "    %3d  %s\n", i+1, step.Step)
		for _, change := range step.Changes {
			for _, line := range [][2]string{{"-", change.Before}, {"+", change.After}} {
				if line[1] != "" {
					fmt.Fprintf(l.out, "           %s %s\n", line[0], line[1])
				}
			}
		}
	}
	if path.Loop > 0 {
		fmt.Fprintf(l.out, "         and so on for ever, from step %d\n", path.Loop)
	}
}

// glyphOf returns the verdict of runs that a verdict is shown as.
func glyphOf(v explore.Verdict) string {
	switch v {
	case explore.Holds, explore.Reached:
		return string(explore.Holds)
	case explore.Violated, explore.Missed:
		return string(explore.Violated)
	}
	return string(explore.Unknown)
}

func (c *checking) printCoverage(l *lab, r *explore.Result) {
	fmt.Fprintln(l.out, "  steps taken, by kind:")
	for kind, name := range c.model.Kinds() {
		fmt.Fprintf(l.out, "    %-40s %s\n", name, timesTaken(r.Kinds[kind]))
	}
	of := ""
	for _, b := range c.branches() {
		if b.Of != of {
			of = b.Of
			fmt.Fprintf(l.out, "  %ss, in how many distinct situations of a node:\n", of)
		}
		fmt.Fprintf(l.out, "    %-40s %s\n", b.Name, timesTaken(b.Taken))
	}
	paragraph(l.out, "  never taken: ", "      ", cmp.Or(strings.Join(c.neverTaken(r), "; "), "nothing, all was taken"))
}

func timesTaken(n uint64) string {
	if n == 0 {
		return "never"
	}
	return grouped(n)
}
