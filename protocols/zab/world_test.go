package zab

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"quorumlab/protocols"
)

// world is a small simulator: FIFO links that break, disks whose writes take
// time and of which a crash keeps a prefix, virtual timers. All draws come from
// one seed. It is harsher than it looks: a side that has not yet learned of a
// break may go on sending on the new link.
type world struct {
	random *rand.Rand
	now    time.Duration
	agenda agenda
	count  int
	nodes  map[protocols.NodeID]*host
	ids    []protocols.NodeID
	links  map[[2]protocols.NodeID]*link
	judge  *judge
	config protocols.Config
	// replied is called with every reply.
	replied func(at protocols.NodeID, reply protocols.Reply)
	// sent, if set, sees every message on its way and may swallow it.
	sent func(from protocols.NodeID, send protocols.Send) bool
	// rots: disks may lose a record.
	rots bool
	// diskMax is the longest time of one write.
	diskMax time.Duration
	// window, if set, is the SnapWindow of all nodes.
	window uint32
}

type host struct {
	node   *Node
	alive  bool
	life   int
	disk   protocols.Disk
	writes []protocols.Persist
	timers map[protocols.Timer]int
	// stuck disks finish nothing.
	stuck bool
}

// link is one direction of a stream.
type link struct {
	queue   []parcel
	stalled bool // partitioned: nothing moves
	cut     bool // unreachable: what is sent is lost, and the sender told
	busy    bool
}

type parcel struct {
	message protocols.Message // nil is a break
}

type item struct {
	at    time.Duration
	order int
	run   func()
}

type agenda []item

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(item)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

const testTick = 100 * time.Millisecond

func newWorld(seed uint64, size int, set map[string]string) *world {
	w := &world{
		random: rand.New(rand.NewPCG(seed, 1)), nodes: map[protocols.NodeID]*host{},
		links: map[[2]protocols.NodeID]*link{}, diskMax: 10 * time.Millisecond,
	}
	parameters := map[string]string{}
	for _, p := range Protocol().Parameters {
		parameters[p.Name] = p.Default
	}
	for name, value := range set {
		parameters[name] = value
	}
	for i := range size {
		w.ids = append(w.ids, protocols.NodeID(i+1))
	}
	w.config = protocols.Config{Nodes: w.ids, Tick: testTick, Parameters: parameters}
	w.judge = newJudge()
	for _, id := range w.ids {
		w.nodes[id] = &host{}
		for _, other := range w.ids {
			w.links[[2]protocols.NodeID{id, other}] = &link{}
		}
	}
	return w
}

func (w *world) after(d time.Duration, run func()) {
	w.count++
	heap.Push(&w.agenda, item{at: w.now + d, order: w.count, run: run})
}

func (w *world) draw(shortest, longest time.Duration) time.Duration {
	return shortest + time.Duration(w.random.Int64N(int64(longest-shortest)+1))
}

// run lets virtual time pass.
func (w *world) run(d time.Duration) {
	end := w.now + d
	for len(w.agenda) > 0 && w.agenda[0].at <= end {
		next := heap.Pop(&w.agenda).(item)
		w.now = next.at
		next.run()
	}
	w.now = end
}

// until lets time pass until a condition holds, and reports whether it did.
func (w *world) until(limit time.Duration, holds func() bool) bool {
	for end := w.now + limit; w.now < end; {
		if holds() {
			return true
		}
		w.run(time.Millisecond)
	}
	return holds()
}

func (w *world) boot(id protocols.NodeID) {
	h := w.nodes[id]
	config := w.config
	config.Self = id
	config.Machine = &tally{}
	node, err := Protocol().New(config)
	if err != nil {
		panic(err)
	}
	h.node, h.alive, h.timers = node.(*Node), true, map[protocols.Timer]int{}
	if w.window > 0 {
		h.node.Options.SnapWindow = w.window
	}
	h.life++
	w.step(id, protocols.Recovered{Disk: copyDisk(h.disk)})
}

// rot makes a record of a node that is down unreadable, if it has any.
func (w *world) rot(id protocols.NodeID) {
	disk := &w.nodes[id].disk
	if disk.Snapshot != nil && w.random.IntN(4) == 0 {
		disk.Snapshot, disk.SnapshotDamaged = nil, true
		return
	}
	if len(disk.Log) > 0 && len(disk.Damaged) == 0 {
		disk.Damaged = []uint64{disk.First + uint64(w.random.IntN(len(disk.Log)))}
	}
}

func (w *world) bootAll() {
	for _, id := range w.ids {
		if !w.nodes[id].alive {
			w.boot(id)
		}
	}
}

// crash keeps the first keep writes of those under way; -1 draws.
func (w *world) crash(id protocols.NodeID, keep int) {
	h := w.nodes[id]
	var writes []protocols.Write
	for _, p := range h.writes {
		writes = append(writes, p.Writes...)
	}
	if keep < 0 {
		keep = w.random.IntN(len(writes) + 1)
	}
	for _, write := range writes[:min(keep, len(writes))] {
		applyWrite(&h.disk, write)
	}
	h.writes, h.alive = nil, false
	h.life++
	for _, other := range w.ids {
		if other != id {
			w.breakLink(id, other)
			w.links[[2]protocols.NodeID{other, id}].queue = nil
		}
	}
}

// breakLink loses a suffix of what is in flight in both directions.
func (w *world) breakLink(a, b protocols.NodeID) {
	for _, pair := range [][2]protocols.NodeID{{a, b}, {b, a}} {
		l := w.links[pair]
		l.queue = append(l.queue[:w.random.IntN(len(l.queue)+1)], parcel{})
		w.move(pair)
	}
}

// move delivers the head of a link's queue after a while.
func (w *world) move(pair [2]protocols.NodeID) {
	l := w.links[pair]
	if l.busy || l.stalled || len(l.queue) == 0 {
		return
	}
	l.busy = true
	w.after(w.draw(time.Millisecond, 8*time.Millisecond), func() {
		l.busy = false
		if l.stalled {
			return
		}
		// What arrives together is delivered together, in order.
		for n := 1 + w.random.IntN(8); n > 0 && len(l.queue) > 0; n-- {
			p := l.queue[0]
			l.queue = l.queue[1:]
			if p.message == nil {
				w.step(pair[1], protocols.Disconnected{Peer: pair[0]})
			} else {
				w.step(pair[1], protocols.Received{From: pair[0], Message: p.message})
			}
		}
		w.move(pair)
	})
}

func (w *world) step(id protocols.NodeID, event protocols.Event) {
	h := w.nodes[id]
	if !h.alive {
		return
	}
	var out protocols.Effects
	h.node.Step(w.now, event, &out)
	w.judge.event(id, event)
	for _, effect := range out {
		w.effect(id, effect)
	}
	w.judge.after(id)
	w.checkStable(h)
}

// checkStable holds what a node believes of its disk against the disk.
func (w *world) checkStable(h *host) {
	if h.node.Halted {
		return
	}
	s, log := &h.node.Stable, &h.node.History
	if s.IndexDurable >= log.next() || s.IndexDurable >= h.disk.Next() {
		panic(fmt.Sprintf("node %d believes %d records on disk: the last there is before %d, its log has %d",
			h.node.Self, s.IndexDurable, h.disk.Next(), log.next()-1))
	}
	if at := s.IndexDurable; len(h.disk.Damaged) == 0 && at >= max(log.First, h.disk.First, 1) &&
		!reflect.DeepEqual(h.disk.Log[at-h.disk.First], log.Entries[at-log.First].Transaction) {
		panic(fmt.Sprintf("node %d: record %d on disk is another than in memory", h.node.Self, s.IndexDurable))
	}
	if s.Durable >= s.MetaWrite && s.MetaWrite > 0 {
		want := Meta{
			AcceptedEpoch: h.node.AcceptedEpoch, CurrentEpoch: h.node.CurrentEpoch, Life: h.node.Life,
			Damaged: h.node.Damaged, Configured: metaOf(h.disk).Configured, // not all hearsay is written
		}
		if h.disk.Meta != want {
			panic(fmt.Sprintf("node %d believes %v on disk: there is %v", h.node.Self, want, h.disk.Meta))
		}
	}
}

func (w *world) effect(id protocols.NodeID, effect protocols.Effect) {
	h := w.nodes[id]
	switch e := effect.(type) {
	case protocols.Send:
		if vow, ok := e.Message.(protocols.Vow); ok {
			if missing := vow.Kept(h.disk); missing != "" {
				panic(fmt.Sprintf("force order: node %d sends %#v: %s", id, e.Message, missing))
			}
		}
		if w.sent != nil && w.sent(id, e) {
			return
		}
		w.send(id, e)
	case protocols.SetTimer:
		h.timers[e.Timer]++
		life, version := h.life, h.timers[e.Timer]
		w.after(w.draw(e.Min, e.Max), func() {
			if h.life == life && h.timers[e.Timer] == version {
				w.step(id, protocols.TimerFired{Timer: e.Timer})
			}
		})
	case protocols.CancelTimer:
		h.timers[e.Timer]++
	case protocols.Persist:
		h.writes = append(h.writes, e)
		w.write(id)
	case protocols.Reply:
		if w.replied != nil {
			w.replied(id, e)
		}
	case protocols.Note:
		w.judge.note(id, e)
	}
}

func (w *world) send(id protocols.NodeID, e protocols.Send) {
	pair := [2]protocols.NodeID{id, e.To}
	l := w.links[pair]
	switch {
	case l.cut || !w.nodes[e.To].alive:
		back := w.links[[2]protocols.NodeID{e.To, id}]
		back.queue = append(back.queue, parcel{})
		w.move([2]protocols.NodeID{e.To, id})
	default:
		l.queue = append(l.queue, parcel{message: e.Message})
		w.move(pair)
	}
}

func (w *world) write(id protocols.NodeID) {
	h := w.nodes[id]
	life := h.life
	w.after(w.draw(time.Millisecond/2, w.diskMax), func() {
		if h.life != life || h.stuck || len(h.writes) == 0 {
			return
		}
		done := h.writes[0]
		h.writes = h.writes[1:]
		for _, write := range done.Writes {
			applyWrite(&h.disk, write)
		}
		w.step(id, protocols.Persisted{Mark: done.Mark})
	})
}

// unstick lets a stuck disk go on.
func (w *world) unstick(id protocols.NodeID) {
	w.nodes[id].stuck = false
	for range w.nodes[id].writes {
		w.write(id)
	}
}

func applyWrite(disk *protocols.Disk, write protocols.Write) {
	disk.First = max(disk.First, 1)
	switch x := write.(type) {
	case protocols.Append:
		disk.Log = append(disk.Log[:len(disk.Log):len(disk.Log)], x.Record)
	case protocols.SetMeta:
		disk.Meta = x.Meta
	case protocols.CutTail:
		disk.Log = disk.Log[:x.From-disk.First]
		disk.Damaged = slices.DeleteFunc(disk.Damaged, func(i uint64) bool { return i >= x.From })
	case protocols.CutHead:
		disk.Log = disk.Log[x.Before-disk.First:]
		disk.First = x.Before
		disk.Damaged = slices.DeleteFunc(disk.Damaged, func(i uint64) bool { return i < x.Before })
	case protocols.SaveSnapshot:
		disk.Snapshot, disk.SnapshotDamaged = x.Snapshot, false
	default:
		panic(fmt.Sprintf("zab wrote a %T", write))
	}
}

func copyDisk(disk protocols.Disk) protocols.Disk {
	disk.Log = slices.Clone(disk.Log)
	for _, index := range disk.Damaged {
		disk.Log[index-disk.First] = nil
	}
	return disk
}

// heal ends all partitions and restarts all nodes.
func (w *world) heal() {
	for _, a := range w.ids {
		for _, b := range w.ids {
			l := w.links[[2]protocols.NodeID{a, b}]
			l.cut, l.stalled = false, false
			w.move([2]protocols.NodeID{a, b})
		}
		if w.nodes[a].stuck {
			w.unstick(a)
		}
	}
	w.bootAll()
}

// leader returns the established leader of the highest epoch, or 0.
func (w *world) leader() protocols.NodeID {
	var found protocols.NodeID
	var epoch Epoch
	for _, id := range w.ids {
		h := w.nodes[id]
		if h.alive && h.node.Role == LeadingFollowers && h.node.serving() && h.node.Leading.Epoch > epoch {
			found, epoch = id, h.node.Leading.Epoch
		}
	}
	return found
}

// allServe reports whether all nodes serve in one epoch.
func (w *world) allServe() bool {
	for _, id := range w.ids {
		h := w.nodes[id]
		if !h.alive || !h.node.serving() || h.node.CurrentEpoch != w.nodes[1].node.CurrentEpoch {
			return false
		}
	}
	return true
}

// tally is a state machine that counts: add adds one and returns the count, a
// query returns the count.
type tally struct{ Count int }

type (
	add   struct{}
	total struct{}
)

func (t *tally) Apply(protocols.Command) protocols.Result {
	t.Count++
	return t.Count
}

func (t *tally) Query(command protocols.Command) (protocols.Result, bool) {
	if _, ok := command.(total); ok {
		return t.Count, true
	}
	return nil, false
}

func (t *tally) Snapshot() protocols.Record { return t.Count }
func (t *tally) Restore(s protocols.Record) { t.Count = s.(int) }
