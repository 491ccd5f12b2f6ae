package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/sim"
)

// Live describes a node that ran for real. It is the Document of a section that
// tells one life of it: what is needed to make the node again.
type Live struct {
	Cluster    string             `json:"cluster"`
	Protocol   string             `json:"protocol"`
	Self       protocols.NodeID   `json:"self"`
	Nodes      []protocols.NodeID `json:"nodes"`
	Members    []protocols.NodeID `json:"members,omitempty"`
	Machine    string             `json:"machine"`
	Tick       time.Duration      `json:"tick"`
	Parameters map[string]string  `json:"parameters,omitempty"`
	// Started is the wall clock when the life began, at which times are 0.
	Started time.Time `json:"started"`
}

// liveDocument keeps a Live apart from a scenario.
type liveDocument struct {
	Live *Live `json:"live"`
}

// Header returns the header of a section. Mutant and code are as in Header.
func (l *Live) Header(mutant, code string) (Header, error) {
	document, err := json.Marshal(liveDocument{l})
	if err != nil {
		return Header{}, fmt.Errorf("trace: %w", err)
	}
	h := Header{
		Scenario: "live", Run: fmt.Sprintf("node %d of %s", l.Self, l.Cluster), Mutant: mutant,
		Clients: []string{}, Document: document, Code: code,
	}
	for _, node := range l.Nodes {
		h.Nodes = append(h.Nodes, fmt.Sprint(node))
	}
	return h, nil
}

// Live returns the node that ran for real in this section, nil if it is one of a
// simulated run.
func (h *Header) Live() *Live {
	var document liveDocument
	if h.Scenario != "live" || json.Unmarshal(h.Document, &document) != nil {
		return nil
	}
	return document.Live
}

// Record writes a step of a real node, with the bytes of its event, by which it
// can be executed again. It sets the step's number and choice.
func (r *Recorder) Record(step *sim.Step) error {
	event, err := r.codec.AppendCanonical(r.raw[:0], step.Event)
	if err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	r.raw = event
	step.Number, step.Choice = r.steps+1, LiveChoice(step)
	r.observe(step, event)
	return r.err
}

// LiveChoice names what came about at a real node as the choice that a scheduler
// would have made.
func LiveChoice(step *sim.Step) sim.Choice {
	switch e := step.Event.(type) {
	case protocols.Recovered:
		return sim.Choice{Kind: sim.Restart, Node: step.Node}
	case protocols.Received:
		return sim.Choice{Kind: sim.Deliver, Node: e.From, Peer: step.Node}
	case protocols.TimerFired:
		return sim.Choice{Kind: sim.Fire, Node: step.Node}
	case protocols.Requested:
		return sim.Choice{Kind: sim.Arrive, Client: e.Client}
	case protocols.Persisted:
		return sim.Choice{Kind: sim.Sync, Node: step.Node}
	case protocols.Disconnected:
		return sim.Choice{Kind: sim.Break, Node: step.Node, Peer: e.Peer}
	}
	return sim.Choice{}
}

// Player executes what a real node did in one life, step by step, and compares.
type Player struct {
	Live *Live
	Node protocols.Node
	// Cut: the section has no end. The node was killed, or is still running.
	Cut bool
	// Step is the step that was executed last.
	Step sim.Step

	comparer *Comparer
	reader   *Reader
	recorder *Recorder
	codec    *state.Codec
	want     bytes.Buffer
}

// NewPlayer returns a player of the section whose header was read last. The node
// is one as the header's Live says that has yet to be given Recovered.
func NewPlayer(reader *Reader, header Header, codec *state.Codec, node protocols.Node) (*Player, error) {
	p := &Player{Live: header.Live(), Node: node, reader: reader, codec: codec}
	var err error
	if p.comparer, err = NewComparer(reader, header); err != nil {
		return nil, err
	}
	if p.recorder, err = NewRecorder(&p.want, codec, header); err != nil {
		return nil, err
	}
	return p, nil
}

// liveLine is the part of a record from which the step is executed again.
type liveLine struct {
	Number uint64           `json:"n"`
	Time   time.Duration    `json:"t"`
	Node   protocols.NodeID `json:"node"`
	Clock  time.Duration    `json:"clock"`
	Bytes  []byte           `json:"bytes"`
	End    json.RawMessage  `json:"end"`
}

// Next executes the next step. It returns io.EOF when the section is over, and a
// *Problem if a line is damaged, or the node does something else than it did.
func (p *Player) Next() error {
	line, err := p.reader.line()
	switch {
	case errors.Is(err, io.EOF) || err == nil && bytes.HasPrefix(line, []byte(`{"trace":`)):
		p.reader.unread(line)
		p.Cut = true
		return io.EOF
	case err != nil:
		if p.reader.torn {
			p.Cut = true
			return io.EOF
		}
		return err
	}
	var found liveLine
	if err := json.Unmarshal(line, &found); err != nil {
		return p.reader.problem(0, "the line is damaged: "+err.Error(), "")
	}
	p.want.Reset()
	if found.End != nil {
		if err := p.recorder.Close(); err != nil {
			return err
		}
		if err := p.compare(line); err != nil {
			return err
		}
		return io.EOF
	}
	event, err := p.codec.Decode(found.Bytes)
	if err != nil {
		return p.reader.problem(0, "the event's bytes are damaged: "+err.Error(), "or an older version of quorumlab wrote them")
	}
	if err := p.execute(&found, event); err != nil {
		return err
	}
	return p.compare(line)
}

// execute has the node handle an event, and records what it does.
func (p *Player) execute(found *liveLine, event any) (err error) {
	handled, ok := event.(protocols.Event)
	if !ok {
		return p.reader.problem(0, fmt.Sprintf("found a %T, expected an event", event), "")
	}
	defer func() {
		if r := recover(); r != nil {
			err = p.reader.problem(0, fmt.Sprintf("the node panics: %v", r), "it had not when the line was written")
			err.(*Problem).Diverged = true
		}
	}()
	p.Step = sim.Step{Time: found.Time, Node: found.Node, Clock: found.Clock, Event: handled, Done: true}
	p.Node.Step(found.Clock, handled, &p.Step.Effects)
	return p.recorder.Record(&p.Step)
}

// compare compares a line with the one that was written anew.
func (p *Player) compare(line []byte) error {
	want := bytes.TrimSuffix(p.want.Bytes(), []byte("\n"))
	if !bytes.Equal(line, want) {
		return p.comparer.difference(line, want)
	}
	if i := bytes.LastIndex(line, hashKey); i >= 0 {
		p.comparer.hash = sum(p.comparer.hash, line[:i])
	}
	return nil
}

// Steps returns how many steps were executed, and Hash the rolling hash.
func (p *Player) Steps() uint64 { return p.recorder.steps }

// Hash returns the rolling hash of what was executed.
func (p *Player) Hash() string { return p.recorder.Hash() }
