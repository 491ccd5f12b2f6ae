package film

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// Take is what is filmed: a run, and how.
type Take struct {
	Scenario *language.Scenario
	Run      *language.Run
	Options  scenarios.Options
	// Keep picks the steps that are kept; nil: all.
	Keep func(step uint64) bool
	// Clients, if not nil, names those whose doings are kept.
	Clients map[string]bool
	// Bare leaves out the states of the nodes.
	Bare bool
}

// Shoot executes a run and films it.
func Shoot(ctx context.Context, lab *scenarios.Lab, take Take) (*Film, error) {
	take.Options.Hashless = true
	running, err := lab.Begin(take.Scenario, take.Run, take.Options)
	if err != nil {
		return nil, err
	}
	c := &camera{take: take, film: &Film{
		Scenario: take.Scenario.Name, Run: take.Run.Name, Title: take.Run.Title, Seed: take.Options.Seed, Mutant: take.Options.Mutant,
		Frames: []Frame{}, Verdicts: []Verdict{}, Story: []Line{},
	}}
	if c.film.Title == "" {
		c.film.Title = take.Scenario.Title
	}
	for _, node := range take.Run.Cluster.Nodes {
		c.film.Nodes = append(c.film.Nodes, node.Name)
	}
	for i := range running.World().Clients {
		c.film.Clients = append(c.film.Clients, running.World().Clients[i].Name)
	}
	c.seen = make([]map[string]string, len(c.film.Nodes))
	running.Watch(c)
	if err := running.CarryOut(ctx); err != nil {
		return nil, err
	}
	result, err := running.Judge(ctx)
	if err != nil {
		return nil, err
	}
	c.conclude(result)
	return c.film, nil
}

// Traced films a section of a trace, by its number from 0. Nothing is compared:
// that is the business of replay.
func Traced(ctx context.Context, lab *scenarios.Lab, r io.Reader, section int, keep func(uint64) bool) (*Film, error) {
	headers, err := lab.Sections(r)
	if err != nil {
		return nil, err
	}
	if section < 0 || section >= len(headers) {
		return nil, fmt.Errorf("the trace has %d runs, there is no number %d", len(headers), section+1)
	}
	h := headers[section]
	scenario, err := lab.Parse("the trace's scenario", bytes.NewReader(h.Document))
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(scenario.Runs, func(run language.Run) bool { return run.Name == h.Run })
	if at < 0 {
		return nil, errors.New("the trace is of a run that its scenario does not have")
	}
	return Shoot(ctx, lab, Take{
		Scenario: scenario, Run: &scenario.Runs[at], Keep: keep,
		Options: scenarios.Options{Seed: h.Seed, Mutant: h.Mutant, Deeds: h.Deeds},
	})
}

// Runs returns the headers of the runs that a trace holds.
func Runs(lab *scenarios.Lab, r io.Reader) ([]trace.Header, error) { return lab.Sections(r) }

// camera is an observer that films.
type camera struct {
	take Take
	film *Film
	// underway are the messages sent in frames that are kept, by number.
	underway []uint64
	seen     []map[string]string // the state of each node, as in the film
	real     []protocols.NodeID  // the nodes, if they ran for real
}

// Observe implements sim.Observer.
func (c *camera) Observe(w *sim.World, step *sim.Step) {
	c.film.Steps = step.Number
	if c.take.Keep != nil && !c.take.Keep(step.Number) || c.other(step) {
		return
	}
	codec := w.Setup().Codec
	f := Frame{Step: step.Number, At: step.Time, Node: int(step.Node)}
	switch {
	case step.Fault != nil:
		f.Kind, f.Fault, f.Text = string(step.Fault.Kind), true, c.faultText(step.Fault)
		if step.Node == 0 {
			f.Node = int(step.Fault.Node)
		}
	default:
		f.Kind = step.Choice.Kind.String()
	}
	if step.Stopped != 0 {
		f.Down, f.Fault, f.Node = true, true, int(step.Stopped)
		f.Text = name(c.film.Nodes, f.Node) + " crashes"
	}
	if step.Node != 0 {
		f.Text = c.event(codec, step, &f)
		c.effects(codec, step, &f)
	}
	if step.Client.Client != 0 {
		f.Client = c.clientStep(codec, &step.Client)
		if f.Text == "" {
			f.Text = f.Client.Text
		}
	}
	if f.Text == "" {
		f.Text = f.Kind
	}
	c.messages(w, codec, step, &f)
	c.state(w, codec, &f)
	c.film.Frames = append(c.film.Frames, f)
}

// other tells whether a step is the doing of a client that is not filmed.
func (c *camera) other(step *sim.Step) bool {
	client := step.Client.Client
	if asked, ok := step.Event.(protocols.Requested); ok {
		client = asked.Client
	}
	return c.take.Clients != nil && client != 0 && !c.take.Clients[name(c.film.Clients, int(client))]
}

func (c *camera) faultText(f *sim.Fault) string {
	switch f.Kind {
	case sim.CutLinks:
		return "links are cut: " + c.pairs(f)
	case sim.HealLinks:
		return "links are whole again"
	case sim.SetLinks:
		return "links change"
	case sim.RestartNode:
		return name(c.film.Nodes, int(f.Node)) + " restarts"
	}
	text := string(f.Kind)
	if f.Node != 0 {
		text += " at " + name(c.film.Nodes, int(f.Node))
	}
	return text
}

func (c *camera) pairs(f *sim.Fault) string {
	var list []string
	for _, p := range f.Pairs {
		back := slices.ContainsFunc(f.Pairs, func(q network.Pair) bool {
			return q.From == p.To && q.To == p.From
		})
		a, b := name(c.film.Nodes, int(p.From)), name(c.film.Nodes, int(p.To))
		switch {
		case !back:
			list = append(list, a+"→"+b)
		case p.From < p.To:
			list = append(list, a+"↔"+b)
		}
	}
	return clip(strings.Join(list, ", "), 120)
}

// event says what a node handled.
func (c *camera) event(codec *state.Codec, step *sim.Step, f *Frame) string {
	who := c.node(step.Node)
	switch e := step.Event.(type) {
	case protocols.Recovered:
		return who + " boots from its disk"
	case protocols.Received:
		f.Received = step.Choice.ID
		return fmt.Sprintf("%s receives %s from %s", who, nameOf(e.Message), c.node(e.From))
	case protocols.TimerFired:
		return fmt.Sprintf("%s: timer %s runs out", who, e.Timer.Name)
	case protocols.Requested:
		return fmt.Sprintf("%s is asked by %s: %s", who, c.client(e.Client), show(codec, e.Command))
	case protocols.Persisted:
		return who + ": it is on its disk"
	case protocols.Disconnected:
		return fmt.Sprintf("%s learns that its connection to %s broke", who, c.node(e.Peer))
	}
	return who
}

// shownMost bounds what is shown of a value.
const shownMost = 300

// nameOf returns the type of a message without its package.
func nameOf(v any) string {
	if v == nil {
		return "nothing"
	}
	return reflect.TypeOf(v).Name()
}

// effects tells what a node wanted, messages apart.
func (c *camera) effects(codec *state.Codec, step *sim.Step, f *Frame) {
	for _, effect := range step.Effects {
		switch e := effect.(type) {
		case protocols.SetTimer:
			f.Effects = append(f.Effects, fmt.Sprintf("sets timer %s: %v to %v", e.Timer.Name, e.Min, e.Max))
		case protocols.CancelTimer:
			f.Effects = append(f.Effects, "cancels timer "+e.Timer.Name)
		case protocols.Persist:
			f.Effects = append(f.Effects, fmt.Sprintf("writes to its disk: %d records", len(e.Writes)))
		case protocols.Reply:
			if e.Refusal != "" {
				f.Effects = append(f.Effects, fmt.Sprintf("refuses %s: %s", c.client(e.Client), e.Refusal))
			} else {
				f.Effects = append(f.Effects, fmt.Sprintf("answers %s: %s", c.client(e.Client), show(codec, e.Result)))
			}
		case protocols.Note:
			text := "★ " + string(e.Kind)
			if e.Text != "" {
				text += " " + e.Text
			}
			if e.Term != 0 {
				text += fmt.Sprintf(" term %d", e.Term)
			}
			if e.Slot != 0 {
				text += fmt.Sprintf(" slot %#x", e.Slot)
			}
			f.Effects = append(f.Effects, text)
		}
	}
}

func (c *camera) clientStep(codec *state.Codec, step *sim.ClientStep) *Client {
	made := &Client{ID: int(step.Client), Node: int(step.Node), Operation: step.Operation, Does: "retry"}
	who, node := name(c.film.Clients, made.ID), name(c.film.Nodes, made.Node)
	switch {
	case step.Invoked:
		made.Does, made.Text = "invoke", fmt.Sprintf("%s asks %s: %s", who, node, show(codec, step.Command))
	case step.Returned:
		made.Does, made.Outcome = "return", string(step.Outcome)
		made.Text = strings.TrimSpace(fmt.Sprintf("%s has %s from %s: %s%s", who, step.Outcome, node, answer(codec, step), step.Reason))
	default:
		made.Text = fmt.Sprintf("%s now asks %s", who, node)
	}
	return made
}

// flights takes up what was sent, by the numbers of the messages.
func (c *camera) flights(codec *state.Codec, step *sim.Step, f *Frame) {
	var sends []protocols.Send
	for _, effect := range step.Effects {
		if s, ok := effect.(protocols.Send); ok {
			sends = append(sends, s)
		}
	}
	for _, flight := range step.Sent {
		if flight.Marker {
			continue
		}
		m := Message{ID: flight.ID, From: int(flight.From), To: int(flight.To)}
		at := slices.IndexFunc(sends, func(s protocols.Send) bool { return s.To == flight.To })
		if at >= 0 {
			m.Name, m.Text = nameOf(sends[at].Message), show(codec, sends[at].Message)
			sends = slices.Delete(sends, at, at+1)
		}
		f.Sent = append(f.Sent, m)
		c.underway = append(c.underway, flight.ID)
	}
}

// messages takes up what was sent, and what is under way no more.
func (c *camera) messages(w *sim.World, codec *state.Codec, step *sim.Step, f *Frame) {
	c.flights(codec, step, f)
	c.underway = slices.DeleteFunc(c.underway, func(id uint64) bool { return id == f.Received })
	if step.Lost == 0 && step.Stopped == 0 && step.Fault == nil {
		return
	}
	flying := map[uint64]bool{}
	for i := range w.Network.Links {
		for _, packet := range w.Network.Links[i].Queue {
			flying[packet.ID] = true
		}
	}
	c.underway = slices.DeleteFunc(c.underway, func(id uint64) bool {
		if !flying[id] {
			f.Gone = append(f.Gone, id)
		}
		return !flying[id]
	})
}

// state takes up what changed in the node's state.
func (c *camera) state(w *sim.World, codec *state.Codec, f *Frame) {
	if c.take.Bare || f.Node == 0 {
		return
	}
	var node any
	if cell := &w.Nodes[f.Node-1]; cell.Up {
		node = cell.Node
	}
	c.stateIs(placesOf(codec, node), f, f.Node-1)
}

// placesOf returns the leaves of a node's state by their paths; none of one that is
// down.
func placesOf(codec *state.Codec, node any) map[string]string {
	now := map[string]string{}
	if node == nil {
		return now
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(codec.AppendJSON(nil, node)))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err == nil {
		leaves(now, "", tree)
	}
	return now
}

// stateIs takes up what of a state is another than before: that of the node of a place.
func (c *camera) stateIs(now map[string]string, f *Frame, place int) {
	before := c.seen[place]
	for path, value := range now {
		if old, had := before[path]; !had || old != value {
			f.Changes = append(f.Changes, Change{path, &value})
		}
	}
	for path := range before {
		if _, has := now[path]; !has {
			f.Changes = append(f.Changes, Change{Path: path})
		}
	}
	slices.SortFunc(f.Changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	c.seen[place] = now
}

// leaves flattens a tree of JSON.
func leaves(into map[string]string, path string, tree any) {
	switch t := tree.(type) {
	case map[string]any:
		for key, value := range t {
			if path != "" {
				key = path + "." + key
			}
			leaves(into, key, value)
		}
	case []any:
		for i, value := range t {
			leaves(into, fmt.Sprintf("%s[%d]", path, i), value)
		}
	default:
		text := fmt.Sprint(tree)
		if tree == nil {
			text = "null"
		}
		into[path] = clip(text, shownMost)
	}
}

func (c *camera) conclude(result *scenarios.Result) {
	for _, v := range result.Verdicts {
		if v.Verdict == scenarios.Holds && v.Invariant {
			continue
		}
		c.film.Verdicts = append(c.film.Verdicts, Verdict{v.Property, string(v.Verdict), v.Witness, v.Step})
	}
	for _, line := range result.Story {
		c.film.Story = append(c.film.Story, Line{line.At, string(line.Kind), line.Text, line.Answer})
	}
}

// seconds shows a virtual time.
func seconds(at time.Duration) string { return fmt.Sprintf("%.3f s", at.Seconds()) }
