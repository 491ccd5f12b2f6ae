package primarybackup

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
)

// cluster is a small world for the tests: nodes, disks and stream links, in
// which nothing happens but what a test calls for. At every step it checks what
// must hold in every mode.
type cluster struct {
	t          failer
	codec      *state.Codec
	parameters map[string]string
	ids        []protocols.NodeID
	nodes      map[protocols.NodeID]*Node // nil while crashed
	disks      map[protocols.NodeID]*disk
	links      map[link][]protocols.Event // Received and Disconnected for link.to
	sent       map[link][][]byte          // canonical bytes of all messages
	cuts       map[link]bool              // both directions are marked
	timers     map[protocols.NodeID]map[protocols.Timer]bool
	replies    []protocols.Reply
	notes      []noted
	// delivered holds what each node's state machine has been through.
	delivered map[protocols.NodeID][]Entry
	snapshots map[End][]Entry // what each snapshot stands for
	saved     map[protocols.NodeID]End
	broadcast map[End]Entry
}

// failer is what *testing.T and *rapid.T share.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

type link struct{ from, to protocols.NodeID }

type noted struct {
	node protocols.NodeID
	protocols.Note
}

// disk is what is stable, and the Persists under way.
type disk struct {
	stable  protocols.Disk
	pending []protocols.Persist
}

func newCluster(t failer, nodes int, parameters map[string]string) *cluster {
	codec, err := state.NewCodec(append(Protocol().Types, protocols.Disk{})...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	c := &cluster{
		t: t, codec: codec, parameters: map[string]string{},
		nodes:     map[protocols.NodeID]*Node{},
		disks:     map[protocols.NodeID]*disk{},
		links:     map[link][]protocols.Event{},
		sent:      map[link][][]byte{},
		cuts:      map[link]bool{},
		timers:    map[protocols.NodeID]map[protocols.Timer]bool{},
		delivered: map[protocols.NodeID][]Entry{},
		snapshots: map[End][]Entry{},
		saved:     map[protocols.NodeID]End{},
		broadcast: map[End]Entry{},
	}
	for _, p := range Protocol().Parameters {
		c.parameters[p.Name] = p.Default
	}
	maps.Copy(c.parameters, parameters)
	for id := protocols.NodeID(1); int(id) <= nodes; id++ {
		c.ids = append(c.ids, id)
		c.disks[id] = &disk{}
	}
	for _, id := range c.ids {
		c.start(id)
	}
	return c
}

func (c *cluster) start(id protocols.NodeID) {
	node, err := Protocol().New(protocols.Config{
		Self: id, Nodes: c.ids, Machine: initial(), Tick: time.Second, Parameters: c.parameters,
	})
	if err != nil {
		c.t.Fatalf("%v", err)
	}
	c.nodes[id] = node.(*Node)
	c.timers[id] = map[protocols.Timer]bool{}
	c.saved[id] = snapshotOf(c.disks[id].stable).End
	c.step(id, protocols.Recovered{Disk: c.codec.Clone(c.disks[id].stable).(protocols.Disk)})
}

// initial is the state that every machine is given with, and must never lose.
func initial() *machine.KV { return &machine.KV{Values: map[string]string{"given": "kept"}} }

// crash stops a node; of its writes under way the disk keeps the first few.
func (c *cluster) crash(id protocols.NodeID, keep int) {
	c.nodes[id], c.timers[id] = nil, nil
	for _, persist := range c.disks[id].pending {
		for _, write := range persist.Writes {
			if keep--; keep >= 0 {
				c.disks[id].stable = written(c.disks[id].stable, write)
			}
		}
	}
	c.disks[id].pending = nil
	for _, peer := range c.ids {
		if peer != id {
			c.links[link{peer, id}] = nil
			c.lose(link{id, peer}, 0)
		}
	}
}

// wipe gives a node an empty disk.
func (c *cluster) wipe(id protocols.NodeID) {
	c.crash(id, 0)
	c.disks[id] = &disk{}
	c.delivered[id] = nil
	c.start(id)
}

// cut breaks the link between two nodes until it is healed.
func (c *cluster) cut(a, b protocols.NodeID) {
	c.cuts[link{a, b}], c.cuts[link{b, a}] = true, true
	c.lose(link{a, b}, 0)
	c.lose(link{b, a}, 0)
}

func (c *cluster) heal() { clear(c.cuts) }

// lose takes all but the first few events off a link and breaks it.
func (c *cluster) lose(l link, keep int) {
	queue := c.links[l]
	c.links[l] = append(queue[:min(keep, len(queue)):min(keep, len(queue))], protocols.Disconnected{Peer: l.from})
}

func (c *cluster) request(id protocols.NodeID, client protocols.ClientID, request uint64, command protocols.Command) {
	c.step(id, protocols.Requested{Client: client, Request: request, Command: command})
}

// step gives a node an event, twice: on a clone the same must come out.
func (c *cluster) step(id protocols.NodeID, event protocols.Event) {
	node := c.nodes[id]
	if node == nil {
		return
	}
	twin := c.codec.Clone(node).(*Node)
	var effects, again protocols.Effects
	node.Step(0, event, &effects)
	twin.Step(0, event, &again)
	if !bytes.Equal(c.codec.Canonical(node), c.codec.Canonical(twin)) || !reflect.DeepEqual(effects, again) {
		c.t.Fatalf("node %d and its clone part on %T: %v", id, event, state.Diff(node, twin))
	}
	if applied := max(node.Durable, node.Snapshot.End.Index); node.Applied > min(node.Commit, applied) {
		c.t.Fatalf("node %d applied %d, committed are %d, durable %d", id, node.Applied, node.Commit, applied)
	}
	for _, effect := range effects {
		c.do(id, effect)
	}
}

func (c *cluster) do(id protocols.NodeID, effect protocols.Effect) {
	switch effect := effect.(type) {
	case protocols.Send:
		c.send(id, effect)
	case protocols.Persist:
		c.disks[id].pending = append(c.disks[id].pending, effect)
		for _, write := range effect.Writes {
			if save, ok := write.(protocols.SaveSnapshot); ok {
				c.onSnapshot(id, save.Snapshot.(Snapshot).End)
			}
		}
	case protocols.SetTimer:
		c.timers[id][effect.Timer] = true
	case protocols.CancelTimer:
		delete(c.timers[id], effect.Timer)
	case protocols.Reply:
		c.replies = append(c.replies, effect)
	case protocols.Note:
		c.notes = append(c.notes, noted{id, effect})
		c.onNote(id, effect)
	}
}

func (c *cluster) send(id protocols.NodeID, send protocols.Send) {
	if vow, ok := send.Message.(protocols.Vow); ok {
		if why := vow.Kept(c.disks[id].stable); why != "" {
			c.t.Fatalf("force order: node %d sent %#v, but %s", id, send.Message, why)
		}
	}
	l := link{id, send.To}
	if c.cuts[l] || c.nodes[send.To] == nil {
		c.links[link{send.To, id}] = append(c.links[link{send.To, id}], protocols.Disconnected{Peer: send.To})
		return
	}
	c.links[l] = append(c.links[l], protocols.Received{From: id, Message: send.Message})
	c.sent[l] = append(c.sent[l], c.codec.Canonical(send.Message))
}

// onSnapshot takes note of what a snapshot stands for, when it is made.
func (c *cluster) onSnapshot(id protocols.NodeID, end End) {
	c.saved[id] = end
	if _, known := c.snapshots[end]; !known {
		c.snapshots[end] = slices.Clone(c.delivered[id][:end.Index])
	}
}

func (c *cluster) onNote(id protocols.NodeID, note protocols.Note) {
	done := c.delivered[id]
	switch note.Kind {
	case protocols.Restored:
		if c.saved[id].Index == note.Slot {
			done = c.snapshots[c.saved[id]]
		}
		c.delivered[id] = done[:note.Slot:note.Slot]
	case protocols.Delivered:
		if note.Slot != uint64(len(done))+1 {
			c.t.Fatalf("node %d delivered %d after %d", id, note.Slot, len(done))
		}
		entry := note.Value.(Entry)
		if sent, found := c.broadcast[End{note.Slot, note.Term}]; !found || !reflect.DeepEqual(sent, entry) {
			c.t.Fatalf("integrity: node %d delivered %+v, broadcast was %+v", id, entry, sent)
		}
		c.delivered[id] = append(done, entry)
	case protocols.Broadcast:
		end := End{note.Slot, note.Term}
		if other, found := c.broadcast[end]; found {
			c.t.Fatalf("node %d broadcast %+v, and earlier at the same place %+v", id, note.Value, other)
		}
		if c.nodes[id].Settings.owner(note.Term) != id {
			c.t.Fatalf("node %d broadcast in term %d", id, note.Term)
		}
		c.broadcast[end] = note.Value.(Entry)
	}
}

// deliver takes the first event off a link.
func (c *cluster) deliver(l link) {
	event := c.links[l][0]
	c.links[l] = c.links[l][1:]
	if received, ok := event.(protocols.Received); ok {
		if !slices.ContainsFunc(c.sent[l], func(sent []byte) bool {
			return bytes.Equal(sent, c.codec.Canonical(received.Message))
		}) {
			c.t.Fatalf("node %d changed %#v after sending it", l.from, received.Message)
		}
	}
	c.step(l.to, event)
}

// sync completes a node's oldest Persist.
func (c *cluster) sync(id protocols.NodeID) {
	d := c.disks[id]
	persist := d.pending[0]
	d.pending = d.pending[1:]
	for _, write := range persist.Writes {
		d.stable = written(d.stable, write)
	}
	c.step(id, protocols.Persisted{Mark: persist.Mark})
}

// busy returns the links that have something to deliver, in a fixed order.
func (c *cluster) busy() []link {
	var busy []link
	for _, from := range c.ids {
		for _, to := range c.ids {
			if l := (link{from, to}); len(c.links[l]) > 0 {
				busy = append(busy, l)
			}
		}
	}
	return busy
}

// drain delivers everything and completes all writes, until there is nothing
// more to do without a timer.
func (c *cluster) drain() {
	for range 1000 {
		quiet := true
		for _, id := range c.ids {
			for len(c.disks[id].pending) > 0 {
				c.sync(id)
				quiet = false
			}
		}
		for _, l := range c.busy() {
			c.deliver(l)
			quiet = false
		}
		if quiet {
			return
		}
	}
	c.t.Fatalf("the cluster does not come to rest")
}

// fire fires all timers of a name that are set, at all nodes.
func (c *cluster) fire(name string) {
	for _, id := range c.ids {
		for _, timer := range c.armed(id) {
			if timer.Name == name {
				c.fireAt(id, timer)
			}
		}
	}
}

func (c *cluster) fireAt(id protocols.NodeID, timer protocols.Timer) {
	if c.timers[id][timer] {
		delete(c.timers[id], timer)
		c.step(id, protocols.TimerFired{Timer: timer})
	}
}

func (c *cluster) armed(id protocols.NodeID) []protocols.Timer {
	return slices.SortedFunc(maps.Keys(c.timers[id]), func(a, b protocols.Timer) int {
		return bytes.Compare(fmt.Appendf(nil, "%s %d", a.Name, a.Key), fmt.Appendf(nil, "%s %d", b.Name, b.Key))
	})
}

// recover heals and restarts everything and gives it time.
func (c *cluster) recover() {
	c.heal()
	for _, id := range c.ids {
		if c.nodes[id] == nil {
			c.start(id)
		}
	}
	for range 6 {
		c.drain()
		c.fire(timerHeartbeat)
		c.fire(timerRetry)
		c.fire(timerInquire)
	}
	c.drain()
}

// written returns the disk after one write, as protocols.Disk says.
func written(d protocols.Disk, write protocols.Write) protocols.Disk {
	if d.First == 0 {
		d.First = 1
	}
	switch write := write.(type) {
	case protocols.Append:
		d.Log = append(slices.Clip(d.Log), write.Record)
	case protocols.SetMeta:
		d.Meta = write.Meta
	case protocols.CutTail:
		d.Log = slices.Clip(d.Log[:write.From-d.First])
	case protocols.CutHead:
		d.Log, d.First = d.Log[write.Before-d.First:], write.Before
	case protocols.SaveSnapshot:
		d.Snapshot = write.Snapshot
	}
	d.Damaged = slices.DeleteFunc(slices.Clone(d.Damaged), func(index uint64) bool {
		return index < d.First || index >= d.Next()
	})
	return d
}

// reply returns the answers to one request.
func (c *cluster) reply(client protocols.ClientID, request uint64) []protocols.Reply {
	var found []protocols.Reply
	for _, reply := range c.replies {
		if reply.Client == client && reply.Request == request {
			found = append(found, reply)
		}
	}
	return found
}

func put(value string) machine.Command {
	return machine.Command{Op: machine.Put, Key: "v", Value: value}
}

func get() machine.Command { return machine.Command{Op: machine.Get, Key: "v"} }

// wantRead fails the test unless a request got one answer: this value.
func (c *cluster) wantRead(client protocols.ClientID, request uint64, value string) {
	c.t.Helper()
	want := machine.Result{Value: value, Found: value != ""}
	if got := c.reply(client, request); len(got) != 1 || got[0].Result != want {
		c.t.Fatalf("client %d request %d: got %+v, want one answer %q", client, request, got, value)
	}
}

func (c *cluster) wantWritten(client protocols.ClientID, request uint64) {
	c.t.Helper()
	if got := c.reply(client, request); len(got) != 1 || got[0].Result != (machine.Result{}) {
		c.t.Fatalf("client %d request %d: got %+v, want one answer", client, request, got)
	}
}

func (c *cluster) wantNoAnswer(client protocols.ClientID, request uint64) {
	c.t.Helper()
	if got := c.reply(client, request); len(got) != 0 {
		c.t.Fatalf("client %d request %d was answered: %+v", client, request, got)
	}
}

func (c *cluster) wantRole(id protocols.NodeID, role Role, term uint64) {
	c.t.Helper()
	if n := c.nodes[id]; n.Role != role || n.Term != term {
		c.t.Fatalf("node %d is %s of term %d, want %s of %d", id, n.Role, n.Term, role, term)
	}
}

// wantNote fails the test unless the node made this milestone known.
func (c *cluster) wantNote(id protocols.NodeID, kind protocols.NoteKind, text string) {
	c.t.Helper()
	for _, note := range c.notes {
		if note.node == id && note.Kind == kind && note.Text == text {
			return
		}
	}
	c.t.Fatalf("node %d gave no note %s %q", id, kind, text)
}

// wantConverged fails the test unless all nodes hold the same state.
func (c *cluster) wantConverged() {
	c.t.Helper()
	first := c.nodes[c.ids[0]]
	if kept := first.Sessions.Machine.(*machine.KV).Values["given"]; kept != "kept" {
		c.t.Fatalf("the state that the machine was given with is lost")
	}
	for _, id := range c.ids[1:] {
		if changes := state.Diff(first.Sessions, c.nodes[id].Sessions); len(changes) > 0 {
			c.t.Fatalf("node %d differs from node %d: %+v", id, first.Settings.Self, changes)
		}
	}
}

var _ failer = (*testing.T)(nil)
