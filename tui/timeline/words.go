package timeline

import (
	"fmt"
	"strings"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/scenarios"
	"quorumlab/sim"
)

// Mark tells kinds of steps apart; each has a glyph of its own on a screen.
type Mark string

// The kinds of steps.
const (
	Receives   Mark = "receive" // a message, or the news that a stream broke
	Fires      Mark = "timer"
	Forces     Mark = "force" // an fsync is complete
	Boots      Mark = "boot"
	Stops      Mark = "stop" // a crash
	Pauses     Mark = "pause"
	Resumes    Mark = "resume"
	Asks       Mark = "ask" // a client begins an operation, or asks another node
	Requests   Mark = "request"
	Answers    Mark = "answer" // an answer reaches its client
	Loses      Mark = "lose"
	Duplicates Mark = "duplicate"
	Corrupts   Mark = "corrupt"
	Breaks     Mark = "break"
	Faults     Mark = "fault" // a partition and other changes of the environment
)

// Row is one step as people see it.
type Row struct {
	Step  int
	Entry // what kind of step
	// Name names what happened: the type of a message, a timer, an operation.
	Name string
	// Text says it in a sentence, its consequences too.
	Text string
}

// Entry is the outline of a step.
type Entry struct {
	Mark Mark
	// Node is where it happened, 0 if at no node; From the sender of what
	// arrived or was lost on the way to Node, 0 if there is none.
	Node, From protocols.NodeID
	// Cause is the step that set it going, 0 if it is not known.
	Cause int
	// Client is the client that it concerns, 0 if it concerns none.
	Client protocols.ClientID
}

// outline tells the kind of a step, from what is written down of it.
func (l *Line) outline(step int) Entry {
	e := l.steps.at(step)
	c := e.choice
	o := Entry{Mark: Faults, Node: e.node}
	if e.fault != nil {
		o.Node = e.fault.Node
		return o
	}
	o.Mark = marks[c.Kind]
	switch c.Kind {
	case sim.Deliver, sim.Drop, sim.Duplicate, sim.Corrupt:
		o.From, o.Node, o.Cause = c.Node, c.Peer, l.steps.sentBy(c.ID)
		if c.Kind == sim.Deliver && e.flags&handled == 0 {
			o.Mark = Loses
		}
	case sim.Break:
		o.From, o.Node = c.Node, c.Peer
	case sim.Invoke, sim.Expire:
		o.Client, o.Node = c.Client, 0
	case sim.Arrive, sim.Lose:
		o.Cause = l.steps.calledBy(c.ID)
		if c.Kind == sim.Arrive && e.flags&handled == 0 {
			o.Mark, o.From = Answers, e.asked
			o.Cause = l.repliedBefore(step, e.asked, o.Cause)
		}
	default:
		o.Node = max(c.Node, e.node)
	}
	return o
}

// repliedBefore returns the last step before one by which a node answered a client,
// not before the step that asked; that, if there is none.
func (l *Line) repliedBefore(step int, node protocols.NodeID, asked int) int {
	for n := step - 1; n > asked; n-- {
		if e := l.steps.at(n); e.node == node && e.flags&replies != 0 {
			return n
		}
	}
	return asked
}

var marks = map[sim.Kind]Mark{
	sim.Deliver: Receives, sim.Drop: Loses, sim.Duplicate: Duplicates, sim.Corrupt: Corrupts, sim.Break: Breaks,
	sim.Fire: Fires, sim.Sync: Forces, sim.FailSync: Stops, sim.Crash: Stops, sim.Restart: Boots,
	sim.Pause: Pauses, sim.Resume: Resumes, sim.Invoke: Asks, sim.Arrive: Requests, sim.Expire: Asks, sim.Lose: Loses,
}

// row tells of a step that was just made in a world.
func (l *Line) row(w *sim.World, s *sim.Step, number int) Row {
	r := Row{Step: number, Entry: l.outline(number)}
	if s.Client.Client != 0 {
		r.Client = s.Client.Client
	} else if call, ok := s.Event.(protocols.Requested); ok {
		r.Client = call.Client
	}
	t := teller{w: w, s: s, codec: w.Setup().Codec}
	t.tell(&r)
	return r
}

// RealRow tells a step of a node that ran for real: there is no world, and nodes and
// clients have no names but their numbers.
func RealRow(codec *state.Codec, s *sim.Step) Row {
	r := Row{Step: int(s.Number), Entry: Entry{Mark: marks[s.Choice.Kind], Node: s.Node}}
	switch e := s.Event.(type) {
	case protocols.Received:
		r.From = e.From
	case protocols.Disconnected:
		r.Mark, r.From = Breaks, e.Peer
	case protocols.Requested:
		r.Client = e.Client
	}
	t := teller{s: s, codec: codec}
	t.tell(&r)
	return r
}

// teller says in words what a step did.
type teller struct {
	w     *sim.World // nil: it is a real node's
	s     *sim.Step
	codec *state.Codec
}

func (t *teller) tell(r *Row) {
	r.Name = t.name(r)
	r.Text = strings.Join(append([]string{t.cause(r)}, t.consequences()...), "; ")
}

func (t *teller) node(id protocols.NodeID) string {
	if t.w == nil {
		return fmt.Sprintf("node %d", id)
	}
	return t.w.Setup().Name(id)
}

func (t *teller) client(id protocols.ClientID) string {
	switch {
	case t.w == nil:
		return fmt.Sprintf("client %d", id)
	case id < 1 || int(id) > len(t.w.Clients):
		return "?"
	}
	return t.w.Clients[id-1].Name
}

// name is a word or two for the event.
func (t *teller) name(r *Row) string {
	if t.s.Fault != nil {
		return scenarios.FaultInWords(t.w, t.s.Fault)
	}
	switch e := t.s.Event.(type) {
	case protocols.Received:
		return TypeName(e.Message)
	case protocols.Disconnected:
		return "disconnected"
	case protocols.TimerFired:
		return e.Timer.Name
	case protocols.Persisted:
		return fmt.Sprintf("fsync %d", e.Mark)
	case protocols.Recovered:
		return "boots"
	case protocols.Requested:
		return commandText(t.codec, e.Command)
	}
	if c := &t.s.Client; c.Client != 0 {
		switch {
		case c.Returned:
			return string(c.Outcome)
		case c.Invoked:
			return commandText(t.codec, c.Command)
		}
		return "retry"
	}
	switch r.Mark {
	case Stops:
		return "crash"
	case Loses:
		return "lost"
	}
	return string(r.Mark)
}

// cause says what happened, and to whom.
func (t *teller) cause(r *Row) string {
	codec := t.codec
	at := t.node(r.Node)
	switch e := t.s.Event.(type) {
	case protocols.Received:
		return fmt.Sprintf("%s receives %s from %s", at, message(codec, e.Message), t.node(e.From))
	case protocols.Disconnected:
		return fmt.Sprintf("%s learns that its stream with %s broke", at, t.node(e.Peer))
	case protocols.TimerFired:
		return fmt.Sprintf("%s: the timer %s runs out", at, e.Timer.Name)
	case protocols.Persisted:
		return fmt.Sprintf("%s: all up to %d is on disk", at, e.Mark)
	case protocols.Recovered:
		return fmt.Sprintf("%s boots", at)
	case protocols.Requested:
		return fmt.Sprintf("%s is asked by %s: %s", at, t.client(e.Client), commandText(codec, e.Command))
	}
	return t.causeWithoutEvent(r, at)
}

func (t *teller) causeWithoutEvent(r *Row, at string) string {
	codec := t.codec
	if t.s.Fault != nil {
		return "fault: " + scenarios.FaultInWords(t.w, t.s.Fault)
	}
	switch c := &t.s.Client; {
	case c.Client == 0:
	case c.Invoked:
		return fmt.Sprintf("%s asks %s: %s", t.client(c.Client), t.node(c.Node), commandText(codec, c.Command))
	case c.Returned && c.Outcome == sim.OK:
		return fmt.Sprintf("%s has from %s: ok %s", t.client(c.Client), t.node(c.Node), resultText(codec, c.Result))
	case c.Returned:
		return fmt.Sprintf("%s gives up: %s (%s)", t.client(c.Client), c.Outcome, c.Reason)
	default:
		return fmt.Sprintf("%s now asks %s", t.client(c.Client), t.node(c.Node))
	}
	switch r.Mark {
	case Stops:
		return at + " crashes"
	case Loses:
		if r.From != 0 {
			return fmt.Sprintf("a message of %s to %s is lost", t.node(r.From), at)
		}
		return "a client's request or answer is lost on its way"
	case Duplicates, Corrupts:
		return fmt.Sprintf("a message of %s to %s: %s", t.node(r.From), at, r.Mark)
	case Breaks:
		return fmt.Sprintf("the stream of %s and %s breaks", t.node(r.From), at)
	case Answers:
		return "an answer arrives, but nobody waits for it any more"
	case Requests:
		return "a request arrives at a node that is down"
	}
	return strings.TrimSpace(at + " " + string(r.Mark) + "s")
}

// consequences says what a node did, one thing each.
func (t *teller) consequences() []string {
	codec := t.codec
	var words []string
	for _, effect := range t.s.Effects {
		switch e := effect.(type) {
		case protocols.Send:
			words = append(words, fmt.Sprintf("sends %s %s", t.node(e.To), message(codec, e.Message)))
		case protocols.Persist:
			words = append(words, fmt.Sprintf("writes to disk (%d)", e.Mark))
		case protocols.Reply:
			answer := resultText(codec, e.Result)
			if e.Refusal != "" {
				answer = "no: " + e.Refusal
			}
			words = append(words, fmt.Sprintf("answers %s %s", t.client(e.Client), answer))
		case protocols.Note:
			words = append(words, NoteText(&e))
		}
	}
	if t.s.Lost > 0 {
		words = append(words, fmt.Sprintf("lost: %d", t.s.Lost))
	}
	return words
}

// NoteText says what a node notes.
func NoteText(n *protocols.Note) string {
	text := "notes " + string(n.Kind)
	if n.Term != 0 {
		text += fmt.Sprintf(" term %d", n.Term)
	}
	if n.Slot != 0 {
		text += fmt.Sprintf(" slot %#x", n.Slot)
	}
	if n.Text != "" {
		text += ": " + n.Text
	}
	return text
}

// TypeName is the name of a value's type without its package.
func TypeName(v any) string {
	name := fmt.Sprintf("%T", v)
	return name[strings.LastIndexByte(name, '.')+1:]
}

// message shows a message: its type, and what is in it.
func message(codec *state.Codec, m any) string {
	return strings.TrimSpace(TypeName(m) + " " + Fields(codec, m))
}

// Fields shows what is in a value, without its type.
func Fields(codec *state.Codec, v any) string {
	text := string(codec.AppendJSON(nil, v))
	if !strings.HasPrefix(text, `{"type":"`) {
		return text
	}
	rest := text[len(`{"type":"`):]
	rest = strings.TrimPrefix(rest[strings.IndexByte(rest, '"')+1:], ",")
	if rest == "}" {
		return ""
	}
	return "{" + rest
}
