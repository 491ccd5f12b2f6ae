package course

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"quorumlab/checker/explore"
	"quorumlab/protocols/state"
	"quorumlab/tui/timeline"
)

// FromModel returns the course of a run of a model, that of a trace. The error tells
// that it is none of the model.
func FromModel(model explore.Model, t *explore.Trace) (*Course, error) {
	path, err := explore.Retrace(model, t)
	if err != nil {
		return nil, err
	}
	m := &explored{model: model, trace: t}
	processes := []string{t.Model}
	if peopled, ok := model.(explore.Peopled); ok {
		m.peopled, processes = peopled, peopled.Processes()
	}
	c := New("check of "+t.Model, processes, []string{"check"}, []Run{m.run(path)})
	c.Free = true
	return c, nil
}

// explored is the model that runs are of.
type explored struct {
	model   explore.Model
	peopled explore.Peopled // nil if it has no processes
	trace   *explore.Trace
}

// modelRun is a run of a model.
type modelRun struct {
	*explored
	path *explore.Path
	hits []uint64 // of the properties, by the state
	// next is what can be done after the step at: looked at again and again.
	next struct {
		at     int
		states [][]uint32
		labels []explore.Label
	}
}

func (m *explored) run(path *explore.Path) *modelRun {
	r := &modelRun{explored: m, path: path}
	expander := m.model.Expander()
	for _, s := range path.States {
		r.hits = append(r.hits, expander.Hits(s))
	}
	r.next.at = -1
	return r
}

// process returns whose a step is, as a Row has it.
func (m *explored) process(label explore.Label) int {
	if m.peopled == nil {
		return 1
	}
	return m.peopled.Process(label) + 1
}

func (r *modelRun) Len() int { return len(r.path.Steps) }

func (r *modelRun) Row(step int) Row {
	label := r.path.Steps[step-1]
	words := r.model.Explain(label)
	return Row{Process: r.process(label), Mark: timeline.Receives, Name: words, Text: words}
}

func (r *modelRun) State(step int) string {
	return strings.Join(r.model.Describe(r.path.States[step]), "\n")
}

func (r *modelRun) Differences(step int, other Run, at int) []state.Change {
	return changesOf(explore.Differences(r.model, r.path.States[step], other.(*modelRun).path.States[at]))
}

// changesOf takes what changed apart into places and values.
func changesOf(all []explore.Change) []state.Change {
	var changes []state.Change
	for _, c := range all {
		path, before, _ := strings.Cut(c.Before, ": ")
		after := ""
		switch {
		case c.Before == "":
			path, after, _ = strings.Cut(c.After, ": ")
			changes = append(changes, state.Change{Path: path, Kind: state.Added, After: after})
		case c.After == "":
			changes = append(changes, state.Change{Path: path, Kind: state.Removed, Before: before})
		default:
			if same, ok := strings.CutPrefix(c.After, path+": "); ok {
				after = same
			} else {
				path, before, after = "state", c.Before, c.After
			}
			changes = append(changes, state.Change{Path: path, Kind: state.Changed, Before: before, After: after})
		}
	}
	return changes
}

func (r *modelRun) Details(step int) []Part {
	label := r.path.Steps[step-1]
	parts := []Part{{"kind of step", r.model.Kinds()[label.Kind()]}}
	if r.peopled != nil {
		parts = append(parts, Part{"made by", r.peopled.Processes()[r.peopled.Process(label)]})
	}
	var lines []string
	for _, c := range explore.Differences(r.model, r.path.States[step-1], r.path.States[step]) {
		for _, line := range []string{"- " + c.Before, "+ " + c.After} {
			if len(line) > 2 {
				lines = append(lines, line)
			}
		}
	}
	if lines == nil {
		lines = []string{"nothing: the state stays as it is"}
	}
	return append(parts, Part{"it changes", strings.Join(lines, "\n")})
}

func (r *modelRun) Findings(step int) []Finding {
	var all []Finding
	for i, p := range r.model.Properties() {
		f := Finding{Property: p.Name, Sentence: p.Sentence, State: timeline.Open}
		first := slices.IndexFunc(r.hits, func(hits uint64) bool { return hits>>i&1 != 0 })
		f.First = max(first, 0)
		hit := first >= 0 && first <= step
		switch {
		case p.Expectation == explore.Never && hit:
			f.State, f.Word = timeline.Violated, "violated"
		case p.Expectation == explore.Never:
			f.State, f.Word = timeline.Holds, "holds so far"
		case p.Expectation == explore.Sometimes && hit:
			f.State, f.Word = timeline.Holds, "reached"
		case p.Expectation == explore.Sometimes:
			f.Word = "not reached yet"
		case hit:
			f.State, f.Word = timeline.Holds, "it has come"
		case step == r.Len() && first < 0 && explore.Breaks(r.model, r.path, i):
			f.State, f.Word, f.First = timeline.Violated, "violated: it never comes", step
		default:
			f.Word = "still to come"
		}
		all = append(all, f)
	}
	return all
}

// choices returns the successors of the state after a step.
func (r *modelRun) choices(step int) ([][]uint32, []explore.Label) {
	if r.next.at != step {
		r.next.at = step
		r.next.states, r.next.labels = explore.NewStepper(r.model).Next(r.path.States[step])
	}
	return r.next.states, r.next.labels
}

func (r *modelRun) Choices(step int) []Choice {
	_, labels := r.choices(step)
	var all []Choice
	for _, label := range labels {
		all = append(all, Choice{r.process(label), r.model.Explain(label)})
	}
	return all
}

func (r *modelRun) Taken(step int) int {
	if step >= r.Len() {
		return -1
	}
	states, labels := r.choices(step)
	for i := range states {
		if labels[i] == r.path.Steps[step] && slices.Equal(states[i], r.path.States[step+1]) {
			return i
		}
	}
	return -1
}

func (r *modelRun) Take(step, choice int) Run {
	states, labels := r.choices(step)
	return r.run(&explore.Path{
		States: append(slices.Clone(r.path.States[:step+1]), states[choice]),
		Steps:  append(slices.Clone(r.path.Steps[:step]), labels[choice]),
	})
}

func (r *modelRun) Ending() string {
	if loop := r.path.Loop; loop > 0 {
		return fmt.Sprintf("and so on for ever, from step %d", loop)
	}
	if states, _ := r.choices(r.Len()); len(states) == 0 {
		return "nothing can happen any more"
	}
	return ""
}

func (r *modelRun) Save(w io.Writer) error {
	t := r.trace
	return explore.NewTrace(t.Model, r.model, t.Parameters, t.Mutant, t.Property, r.path).Write(w)
}
