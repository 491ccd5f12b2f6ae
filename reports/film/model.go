package film

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"quorumlab/checker/explore"
	"quorumlab/checker/explore/world"
	"quorumlab/sim"
)

// This file films the runs that check finds.

// Explored films a run of a model. What is filmed of a model of nodes is the run of
// their world; of any other it is how its states change, with a lane a process if it
// has processes, else with one for all.
func Explored(model explore.Model, t *explore.Trace, keep func(step uint64) bool) (*Film, error) {
	path, err := explore.Retrace(model, t)
	if err != nil {
		return nil, err
	}
	f := &Film{
		Scenario: t.Model, Run: "check", Title: "a run that check found", Origin: originOf(t), Mutant: t.Mutant,
		Nodes: []string{}, Clients: []string{}, Frames: []Frame{}, Verdicts: []Verdict{}, Story: []Line{},
	}
	c := &camera{take: Take{Keep: keep}, film: f}
	steps := []int{0} // how many of the film the first ones of the model are
	if nodes, ok := model.(*world.Model); ok {
		if steps, err = c.explored(nodes, path); err != nil {
			return nil, err
		}
	} else {
		c.abstract(model, path)
		for i := range path.Steps {
			steps = append(steps, i+1)
		}
	}
	for i, p := range model.Properties() {
		if p.Expectation == explore.Sometimes || !explore.Breaks(model, path, i) {
			continue
		}
		f.Verdicts = append(f.Verdicts, Verdict{p.Name, "violated", "not so: " + p.Sentence, uint64(steps[len(path.Steps)])})
	}
	if path.Loop > 0 {
		f.Title += fmt.Sprintf("; it goes on so for ever, from step %d", path.Loop)
	}
	return f, nil
}

// originOf tells the parameters of a model.
func originOf(t *explore.Trace) string {
	var all []string
	for name, value := range t.Parameters {
		all = append(all, name+"="+value)
	}
	slices.Sort(all)
	return cmp.Or(strings.Join(all, " "), "no parameters")
}

// explored films the world of a run, and returns after how many of its steps each of
// the model's is done.
func (c *camera) explored(model *world.Model, path *explore.Path) (ends []int, err error) {
	w, err := model.Boot()
	if err != nil {
		return nil, err
	}
	c.film.Nodes = append(c.film.Nodes, w.Setup().Names...)
	for i := range w.Clients {
		c.film.Clients = append(c.film.Clients, w.Clients[i].Name)
	}
	c.seen = make([]map[string]string, len(c.film.Nodes))
	for i := range w.Nodes { // it begins with nodes that have booted
		if w.Nodes[i].Up {
			c.seen[i] = map[string]string{}
		}
	}
	var step sim.Step
	number := 0
	ends = []int{0}
	for i, label := range path.Steps {
		err := model.Make(w, label, path.States[i], path.States[i+1], func(choice sim.Choice, fault *sim.Fault) {
			number++
			step.Number = uint64(number)
			w.Redo(0, choice, fault, &step)
			c.Observe(w, &step)
		})
		if err != nil {
			return nil, err
		}
		ends = append(ends, number)
	}
	return ends, nil
}

// abstract films the states of a run: each is one for all processes.
func (c *camera) abstract(model explore.Model, path *explore.Path) {
	c.film.Nodes = []string{"all"}
	peopled, ok := model.(explore.Peopled)
	if ok {
		c.film.Nodes = peopled.Processes()
	}
	c.film.Steps, c.film.Whole = uint64(len(path.Steps)), true
	c.seen = []map[string]string{nil}
	for i, label := range path.Steps {
		number := uint64(i + 1)
		if !c.take.Keep(number) {
			continue
		}
		f := Frame{Step: number, Kind: model.Kinds()[label.Kind()], Text: model.Explain(label), Node: 1}
		if ok {
			f.Node = peopled.Process(label) + 1
		}
		for _, change := range explore.Differences(model, path.States[i], path.States[i+1]) {
			f.Effects = append(f.Effects, strings.TrimPrefix(change.Before+" → "+change.After, " → "))
		}
		now := map[string]string{}
		for _, line := range model.Describe(path.States[i+1]) {
			place, value, _ := strings.Cut(line, ": ")
			now[place] = value
		}
		c.stateIs(now, &f, 0)
		c.film.Frames = append(c.film.Frames, f)
	}
}
