package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
	"quorumlab/sim/trace"
)

// Verb is what somebody may do with an item of the inbox.
type Verb string

// The verbs.
const (
	Deliver   Verb = "deliver" // let it come now
	Drop      Verb = "drop"    // keep it from ever coming
	Duplicate Verb = "duplicate"
	Delay     Verb = "delay"
)

// Verbs lists the verbs.
func Verbs() []Verb { return []Verb{Deliver, Drop, Duplicate, Delay} }

// Kind tells the items of the inbox apart.
type Kind string

// The kinds of items.
const (
	Message Kind = "message"
	News    Kind = "broken stream" // the news of one
	Timer   Kind = "timer"
	Disk    Kind = "fsync"
	Request Kind = "request"
	Answer  Kind = "answer"
	Start   Kind = "operation" // the next one of a client
	Waits   Kind = "time-out"  // of a client
	Planned Kind = "planned"   // by the scenario
)

// Item is one thing that may happen next.
type Item struct {
	Kind Kind
	// Node is where it would happen, From who sent it; 0 if there is none.
	Node, From protocols.NodeID
	// Name is a word or two, Detail all that is in it.
	Name, Detail string
	// Next is the step of the line by which it happens, 0 if it does not within
	// the steps that are looked at; At is when.
	Next int
	At   time.Duration

	choice sim.Choice // that makes it happen
	deeds  map[Verb]trace.Deed
	why    map[Verb]string
}

// Deed returns what a verb does with the item or, if it can do nothing, why.
func (i *Item) Deed(v Verb) (deed trace.Deed, why string) {
	if why, no := i.why[v]; no {
		return trace.Deed{}, why
	}
	return i.deeds[v], ""
}

// DelayBy is by how much Delay puts off.
const DelayBy = 500 * time.Millisecond

// lookAhead is how many steps are looked at for when an item comes.
const lookAhead = 5000

// Inbox returns all that may happen next where one stands: the earliest to come
// first, then what does not come in the steps that are looked at.
func (t *Timeline) Inbox() []Item {
	w, l := t.World(), t.at.Line
	b := inbox{w: w}
	b.packets()
	b.nodes()
	b.clients()
	waits := make(map[sim.Choice]*Item, len(b.items))
	for i := range b.items {
		waits[awaited(b.items[i].choice)] = &b.items[i]
	}
	for step := t.at.Step + 1; step <= min(l.Len(), t.at.Step+lookAhead) && len(waits) > 0; step++ {
		e := l.steps.at(step)
		if item := waits[awaited(e.choice)]; item != nil && e.fault == nil {
			item.Next, item.At = step, e.at
			delete(waits, awaited(e.choice))
		}
	}
	b.items = append(b.items, t.plan()...)
	slices.SortStableFunc(b.items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.At, b.At), cmp.Compare(a.Next, b.Next))
	})
	return b.items
}

func (i *Item) rank() int {
	if i.At == 0 && i.Next == 0 {
		return 1
	}
	return 0
}

// awaited is a choice without what it is not known by beforehand.
func awaited(c sim.Choice) sim.Choice {
	switch c.Kind {
	case sim.Sync:
		c.ID = 0
	case sim.Drop, sim.Lose: // a packet comes, or is lost when it would
		c.Kind = map[sim.Kind]sim.Kind{sim.Drop: sim.Deliver, sim.Lose: sim.Arrive}[c.Kind]
	}
	return c
}

// inbox collects items.
type inbox struct {
	w     *sim.World
	items []Item
}

// add adds an item; each verb of which nothing is said otherwise does what deeds
// says.
func (b *inbox) add(i Item, deeds map[Verb]trace.Deed, why map[Verb]string) {
	delay := trace.Deed{Delay: &trace.Delay{Choice: i.choice, By: DelayBy}}
	if _, said := why[Delay]; !said {
		deeds[Delay] = delay
	}
	i.deeds, i.why = deeds, why
	b.items = append(b.items, i)
}

func choose(c sim.Choice) trace.Deed { return trace.Deed{Choose: &c} }

// of returns a choice as one of another kind.
func of(c sim.Choice, kind sim.Kind) sim.Choice {
	c.Kind = kind
	return c
}

// packets adds what is under way between nodes.
func (b *inbox) packets() {
	for i := range b.w.Network.Links {
		link := &b.w.Network.Links[i]
		if link.From == link.To {
			continue
		}
		for at := range link.Queue {
			b.packet(link, at)
		}
	}
}

func (b *inbox) packet(link *network.Link, at int) {
	p := &link.Queue[at]
	c := sim.Choice{Kind: sim.Deliver, Node: link.From, Peer: link.To, ID: p.ID}
	item := Item{Kind: Message, Node: link.To, From: link.From, choice: c}
	if p.Break {
		item.Kind, item.Name = News, "broken stream"
	} else {
		item.Name, item.Detail = TypeName(p.Message), Fields(b.w.Setup().Codec, p.Message)
	}
	why := map[Verb]string{}
	stream := link.Kind == protocols.Stream
	reachable := b.w.Network.Reachable(link.From, link.To)
	switch receiver := &b.w.Nodes[link.To-1]; {
	case receiver.Up && receiver.Paused:
		why[Deliver] = b.name(link.To) + " is paused"
	case stream && at > 0:
		why[Deliver] = "a stream keeps its order: others are before it"
	case stream && !reachable && link.Breaks == 0:
		why[Deliver] = "the link is cut: a stream holds it until it is whole, or breaks"
	}
	if stream {
		why[Drop] = "a stream loses nothing: cut the link (P)"
		why[Duplicate] = "a stream delivers nothing twice"
	}
	b.add(item, map[Verb]trace.Deed{
		Deliver: choose(c), Drop: choose(of(c, sim.Drop)), Duplicate: choose(of(c, sim.Duplicate)),
	}, why)
}

func (b *inbox) name(id protocols.NodeID) string { return b.w.Setup().Name(id) }

// nodes adds timers and forces.
func (b *inbox) nodes() {
	for i := range b.w.Nodes {
		cell := &b.w.Nodes[i]
		why := map[Verb]string{Duplicate: "it happens once"}
		if cell.Paused {
			why[Deliver] = b.name(cell.ID) + " is paused"
		}
		for k := range cell.Timers {
			armed := &cell.Timers[k]
			c := sim.Choice{Kind: sim.Fire, Node: cell.ID, ID: armed.ID}
			no := map[Verb]string{Drop: "a timer is not lost: delay it (w), or pause the node"}
			for v, text := range why {
				no[v] = text
			}
			detail := fmt.Sprintf("runs out %v to %v after it was set", armed.Min, armed.Max)
			b.add(Item{Kind: Timer, Node: cell.ID, Name: armed.Timer.Name, Detail: detail, choice: c},
				map[Verb]trace.Deed{Deliver: choose(c)}, no)
		}
		if !cell.Up || cell.Disk.Syncing == 0 {
			continue
		}
		if cell.Disk.Full || cell.Disk.Failing {
			why[Deliver] = "the disk is full, or fails: it will end in an error"
		}
		c := sim.Choice{Kind: sim.Sync, Node: cell.ID}
		b.add(Item{Kind: Disk, Node: cell.ID, Name: "fsync", Detail: fmt.Sprintf("%d writes are not on the disk yet; x: it fails, and stops the node", cell.Disk.Unforced()), choice: c},
			map[Verb]trace.Deed{Deliver: choose(c), Drop: choose(sim.Choice{Kind: sim.FailSync, Node: cell.ID})}, why)
	}
}

// clients adds what clients do, and what is under way between them and nodes.
func (b *inbox) clients() {
	codec := b.w.Setup().Codec
	once := "a client asks once"
	for i := range b.w.Clients {
		c := &b.w.Clients[i]
		switch {
		case c.Open:
			choice := sim.Choice{Kind: sim.Expire, Client: c.ID, ID: c.Call}
			b.add(Item{Kind: Waits, Name: c.Name + " waits", Detail: "enter: it waits no longer", choice: choice},
				map[Verb]trace.Deed{Deliver: choose(choice)},
				map[Verb]string{Drop: "a time-out is not lost: delay it (w)", Duplicate: once})
		case c.Next < len(c.Script):
			choice := sim.Choice{Kind: sim.Invoke, Client: c.ID}
			b.add(Item{Kind: Start, Node: c.Contacts[0], Name: c.Name + " " + commandText(codec, c.Script[c.Next].Command), Detail: "what the client asks next", choice: choice},
				map[Verb]trace.Deed{Deliver: choose(choice)},
				map[Verb]string{Drop: "what a client asks is the scenario's: delay it (w)", Duplicate: once})
		}
	}
	for i := range b.w.Calls {
		b.call(&b.w.Calls[i])
	}
}

func (b *inbox) call(call *sim.Call) {
	codec := b.w.Setup().Codec
	c := sim.Choice{Kind: sim.Arrive, ID: call.ID}
	name := b.w.Clients[call.Client-1].Name
	item := Item{Kind: Request, Node: call.Node, Name: name + " " + commandText(codec, call.Command), choice: c}
	why := map[Verb]string{Duplicate: "a client asks once"}
	switch cell := &b.w.Nodes[call.Node-1]; {
	case call.Answered:
		item.Kind, item.Name = Answer, "to "+name
		item.Detail = resultText(codec, call.Result) + call.Refusal
	case call.Waiting:
		text := b.name(call.Node) + " has it, and has not answered yet"
		item.Detail = text
		why[Deliver], why[Drop], why[Delay] = text, text, text
	case cell.Up && cell.Paused:
		why[Deliver] = b.name(call.Node) + " is paused"
	}
	b.add(item, map[Verb]trace.Deed{Deliver: choose(c), Drop: choose(of(c, sim.Lose))}, why)
}

// plan returns what the scenario's timeline will do, of what nobody kept from
// happening.
func (t *Timeline) plan() []Item {
	l := t.at.Line
	var items []Item
	for i, entry := range l.Run.Timeline {
		name := ActionText(l.Run, entry.Action)
		if name == "" || entry.At < l.Time(t.at.Step) || l.cancelled(i+1) || l.StepAt(entry.At) < t.at.Step {
			continue
		}
		items = append(items, Item{
			Kind: Planned, Name: name, At: entry.At, Next: l.StepAt(entry.At) + 1, Detail: "x keeps it from happening",
			deeds: map[Verb]trace.Deed{Drop: {Cancel: i + 1}},
			why: map[Verb]string{
				Deliver: "it comes when it is due: x keeps it from happening, P, c and H strike now",
				Delay:   "it comes when it is due: x keeps it from happening", Duplicate: "it happens once",
			},
		})
	}
	return items
}

func (l *Line) cancelled(entry int) bool {
	return slices.ContainsFunc(l.Deeds, func(d trace.Deed) bool { return d.Cancel == entry })
}

// Prevent returns the position and the deed by which the planned fault at a step is
// kept from happening; ok is false if no entry of the timeline begins there.
func (l *Line) Prevent(step int) (p Position, deed trace.Deed, ok bool) {
	for i, entry := range l.Run.Timeline {
		if ActionText(l.Run, entry.Action) == "" || l.cancelled(i+1) || entry.At != l.Time(step) {
			continue
		}
		if before := l.StepAt(entry.At); before < step {
			return Position{l, before}, trace.Deed{Cancel: i + 1}, true
		}
	}
	return Position{}, trace.Deed{}, false
}

// ActionText says what an entry of a timeline does; "" if it is narration.
func ActionText(run *language.Run, action language.Action) string {
	name := func(t language.Target) string {
		if t.Node != 0 && int(t.Node) <= len(run.Cluster.Nodes) {
			return run.Cluster.Nodes[t.Node-1].Name
		}
		return string(t.Role)
	}
	switch a := action.(type) {
	case language.Say, language.Ask:
		return ""
	case language.Partition:
		return partitionText(a, name)
	case language.Heal:
		return "heal"
	case language.Crash:
		return "crash " + name(a.Node)
	case language.Restart:
		return "restart " + name(a.Node)
	case language.Pause:
		return "pause " + name(a.Node)
	case language.Slow:
		return "slow " + name(a.Node)
	case language.ClockJump:
		return fmt.Sprintf("clock of %s jumps %v", name(a.Node), a.Jump)
	case language.ClockDrift:
		return "clock drifts " + name(a.Node)
	case language.DiskSlow:
		return "slow disk " + name(a.Node)
	case language.DiskFull:
		return "full disk " + name(a.Node)
	case language.DiskFsyncFails:
		return "fsync fails " + name(a.Node)
	case language.DiskRot:
		return "disk rots " + name(a.Node)
	case language.LinksChange:
		return "links change"
	case language.Reconfigure:
		return "other members"
	case language.Core:
		return "only a core is whole"
	}
	return TypeName(action)
}

func partitionText(p language.Partition, name func(language.Target) string) string {
	text := "cut"
	if p.Every > 0 {
		text = "flap"
	}
	switch p.Form {
	case language.FormGroups:
		for i, group := range p.Groups {
			if i > 0 {
				text += " |"
			}
			for _, target := range group {
				text += " " + name(target)
			}
		}
	case language.FormCut:
		for _, pair := range p.Pairs {
			text += " " + name(pair.From) + "→" + name(pair.To)
		}
	default:
		text += " " + string(p.Form) + " " + name(p.Node)
	}
	return text
}
