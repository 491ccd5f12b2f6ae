package zab

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"quorumlab/protocols"
)

var seeds = flag.Int("seeds", 400, "random schedules of 3 and of 5 nodes each; other sizes get fewer")

// patron is a client: one request at a time, retried at other nodes, given up
// after a while. What it sees must be linearizable: counts never fall from one
// operation to another that begins after it, and never exceed what was asked.
type patron struct {
	w       *world
	id      protocols.ClientID
	request uint64
	command protocols.Command
	began   int // the highest count that anyone had seen when it began
	tries   int
	open    bool
}

type crowd struct {
	patrons []*patron
	seen    int // the highest count any client saw
	asked   int // writes begun
	answers map[protocols.ClientID]map[uint64]int
	reads   int
	writes  int
	stopped bool
}

func newCrowd(w *world, size int) *crowd {
	c := &crowd{answers: map[protocols.ClientID]map[uint64]int{}}
	w.replied = func(_ protocols.NodeID, reply protocols.Reply) { c.reply(w, reply) }
	for i := range size {
		p := &patron{w: w, id: protocols.ClientID(i + 1)}
		c.patrons = append(c.patrons, p)
		c.answers[p.id] = map[uint64]int{}
		w.after(w.draw(0, time.Second), func() { c.next(p) })
	}
	return c
}

func (c *crowd) next(p *patron) {
	if c.stopped {
		return
	}
	p.request++
	p.command = protocols.Command(add{})
	if p.w.random.IntN(3) == 0 {
		p.command = total{}
	} else {
		c.asked++
	}
	p.began, p.tries, p.open = c.seen, 0, true
	c.try(p, p.request)
}

func (c *crowd) try(p *patron, request uint64) {
	if !p.open || p.request != request {
		return
	}
	if p.tries++; p.tries > 4 {
		p.open = false // its fate stays unknown
		c.next(p)
		return
	}
	at := p.w.ids[p.w.random.IntN(len(p.w.ids))]
	p.w.step(at, protocols.Requested{Client: p.id, Request: request, Command: p.command})
	p.w.after(p.w.draw(100*time.Millisecond, 600*time.Millisecond), func() { c.try(p, request) })
}

func (c *crowd) reply(w *world, reply protocols.Reply) {
	if reply.Refusal != "" || reply.Client == operator {
		return // the time-out tries again
	}
	p := c.patrons[reply.Client-1]
	count := reply.Result.(int)
	if first, ok := c.answers[p.id][reply.Request]; ok && p.command != any(total{}) && p.request == reply.Request && first != count {
		panic(fmt.Sprintf("exactly once: client %d request %d got %d, then %d", p.id, reply.Request, first, count))
	}
	if !p.open || p.request != reply.Request {
		return
	}
	c.answers[p.id][reply.Request] = count
	p.open = false
	if p.command == any(total{}) {
		c.reads++
		if count < p.began {
			panic(fmt.Sprintf("stale read: client %d got %d, %d was seen before it asked", p.id, count, p.began))
		}
	} else {
		c.writes++
		if count <= p.began {
			panic(fmt.Sprintf("write of client %d took effect as %d, before it was asked at %d", p.id, count, p.began))
		}
	}
	if count > c.asked {
		panic(fmt.Sprintf("exactly once: count %d of %d writes", count, c.asked))
	}
	c.seen = max(c.seen, count)
	w.after(w.draw(0, 50*time.Millisecond), func() { c.next(p) })
}

// trouble injects a random fault, and later more.
func trouble(w *world, end time.Duration) {
	if w.now >= end {
		return
	}
	a := w.ids[w.random.IntN(len(w.ids))]
	b := w.ids[w.random.IntN(len(w.ids))]
	if l := w.leader(); l != 0 && w.random.IntN(2) == 0 {
		a = l // leaders attract trouble
	}
	pause := w.draw(20*time.Millisecond, 2*time.Second)
	switch w.random.IntN(7) {
	case 0, 1:
		if w.nodes[a].alive {
			w.crash(a, -1)
			if w.rots && !w.damaged() && w.random.IntN(8) == 0 {
				w.rot(a)
			}
			w.after(pause, func() {
				if !w.nodes[a].alive {
					w.boot(a)
				}
			})
		}
	case 2:
		if a != b {
			w.breakLink(a, b)
		}
	case 3:
		w.isolate(a, pause)
	case 4:
		if a != b { // one direction stalls
			l := w.links[[2]protocols.NodeID{a, b}]
			l.stalled = true
			w.after(pause, func() {
				l.stalled = false
				w.move([2]protocols.NodeID{a, b})
			})
		}
	case 5:
		w.leaveUnaware(a, pause)
	case 6:
		h := w.nodes[a]
		h.stuck = true
		w.after(pause, func() {
			if h.stuck {
				w.unstick(a)
			}
		})
	}
	w.after(w.draw(0, 600*time.Millisecond), func() { trouble(w, end) })
}

// damaged reports whether a log is damaged, or was and is not yet mended. More
// than one of three may be too many.
func (w *world) damaged() bool {
	for _, id := range w.ids {
		h := w.nodes[id]
		meta, _ := h.disk.Meta.(Meta)
		if len(h.disk.Damaged) > 0 || h.disk.SnapshotDamaged || meta.Damaged || h.alive && h.node.Damaged {
			return true
		}
	}
	return false
}

// isolate cuts a node off for a while, some of its links, breaking or stalling
// them.
func (w *world) isolate(a protocols.NodeID, pause time.Duration) {
	stall := w.random.IntN(2) == 0
	for _, b := range w.ids {
		if a == b || w.random.IntN(4) == 0 {
			continue
		}
		if !stall {
			w.breakLink(a, b)
		}
		for _, pair := range [][2]protocols.NodeID{{a, b}, {b, a}} {
			l := w.links[pair]
			l.cut, l.stalled = !stall, stall
			w.after(pause, func() {
				l.cut, l.stalled = false, false
				w.move(pair)
			})
		}
	}
}

// leaveUnaware breaks all links of a node, which gets to know nothing of it for
// a while. A leader goes on in the belief that it leads.
func (w *world) leaveUnaware(a protocols.NodeID, pause time.Duration) {
	for _, b := range w.ids {
		if a == b {
			continue
		}
		l := w.links[[2]protocols.NodeID{b, a}]
		l.stalled = true
		w.breakLink(a, b)
		w.after(pause, func() {
			l.stalled = false
			w.move([2]protocols.NodeID{b, a})
		})
	}
}

// operator is the client that changes the members.
const operator = 50

// reconfigure asks some node for random members, and later again.
func reconfigure(w *world, request uint64, end time.Duration) {
	if w.now >= end {
		return
	}
	var members []protocols.NodeID
	for _, id := range w.ids {
		if w.random.IntN(3) > 0 {
			members = append(members, id)
		}
	}
	at := w.ids[w.random.IntN(len(w.ids))]
	w.step(at, protocols.Requested{
		Client: operator, Request: request, Command: protocols.Reconfigure{Members: members},
	})
	w.after(w.draw(0, 800*time.Millisecond), func() { reconfigure(w, request+1, end) })
}

// mislead makes looking nodes believe that the others settled on any node: what
// election picks must not matter for safety.
func mislead(w *world, end time.Duration) {
	if w.now >= end {
		return
	}
	victim := w.ids[w.random.IntN(len(w.ids))]
	leader := w.ids[w.random.IntN(len(w.ids))]
	for _, id := range w.ids {
		if id == victim || !w.nodes[victim].alive {
			continue
		}
		state := FollowingLeader
		if id == leader {
			state = LeadingFollowers
		}
		w.step(victim, protocols.Received{From: id, Message: Notification{
			State: state, Vote: Vote{Leader: leader, Round: w.nodes[victim].node.Election.Round},
		}})
	}
	w.after(w.draw(0, 30*time.Millisecond), func() { mislead(w, end) })
}

// play runs one random schedule: faults under load, then peace, in which the
// ensemble must recover, agree and serve.
func play(t *testing.T, seed uint64, size int) *world {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("seed %d, %d nodes: %v", seed, size, r)
		}
	}()
	w := newWorld(seed, size, map[string]string{
		"finalizeWait": "20ms", "initLimit": "5", "syncLimit": "3",
		"snapCount": []string{"0", "4", "20"}[seed%3], "commitLogCount": []string{"0", "3", "9"}[seed/3%3],
		"snapChunk": "128", "counterMax": []string{"4294967295", "4294967295", "3", "25"}[seed/5%4],
		"sessionTimeout": []string{"0", "6"}[seed/9%2],
	})
	if size > 3 && seed%2 == 0 {
		w.config.Members = []protocols.NodeID{1, 3, 4} // the others observe
	}
	if w.random.IntN(3) == 0 {
		w.diskMax = 200 * time.Millisecond
	}
	w.rots = size >= 3
	w.window = uint32(seed % 5) // 0: that of real nodes
	w.bootAll()
	c := newCrowd(w, 4)
	end := 6 * time.Second
	w.after(w.draw(0, time.Second), func() { trouble(w, end) })
	if w.random.IntN(2) == 0 {
		w.after(w.draw(0, 3*time.Second), func() { mislead(w, end) })
	}
	if seed/2%3 == 0 {
		w.rots = false // there may come to be a single member
		w.after(w.draw(0, time.Second), func() { reconfigure(w, 1, end) })
	}
	w.run(end)
	w.heal()
	if !w.until(10*time.Second, w.allServe) {
		t.Fatalf("seed %d, %d nodes: no epoch with all nodes 10 s after the last fault", seed, size)
	}
	w.run(time.Second)
	c.stopped = true
	done := c.writes
	w.run(3 * time.Second)
	checkQuiet(t, w, seed, done)
	return w
}

func checkQuiet(t *testing.T, w *world, seed uint64, writes int) {
	t.Helper()
	if !w.allServe() {
		t.Fatalf("seed %d: the epoch does not last in peace", seed)
	}
	var answered bool
	w.replied = func(_ protocols.NodeID, reply protocols.Reply) {
		answered = answered || reply.Client == 99 && reply.Refusal == ""
	}
	w.step(w.ids[len(w.ids)-1], protocols.Requested{Client: 99, Request: 1, Command: add{}})
	if !w.until(time.Second, func() bool { return answered }) {
		t.Fatalf("seed %d: a write in peace is not answered", seed)
	}
	w.run(time.Second)
	type asked struct {
		client  protocols.ClientID
		request uint64
	}
	distinct := map[asked]bool{}
	for _, transaction := range w.judge.history {
		distinct[asked{transaction.Client, transaction.Request}] = true
	}
	for _, id := range w.ids {
		if got := w.judge.delivered[id]; got != len(w.judge.history) {
			t.Fatalf("seed %d: node %d delivered %d of %d in peace", seed, id, got, len(w.judge.history))
		}
		if count := w.nodes[id].node.Sessions.Machine.(*tally).Count; count > len(distinct) || count <= writes {
			t.Fatalf("seed %d: node %d counts %d of %d requests, %d answered", seed, id, count, len(distinct), writes)
		}
		if n := w.nodes[id].node; len(n.Writes)+len(n.Reads)+len(n.Leading.Reads) != 0 {
			t.Fatalf("seed %d: node %d still waits for %v %v", seed, id, n.Writes, n.Reads)
		}
	}
}

func TestRandomSchedules(t *testing.T) {
	reached := map[string]int{}
	for _, run := range []struct{ size, share int }{{1, 20}, {2, 10}, {3, 1}, {4, 10}, {5, 1}} {
		for seed := range uint64(*seeds / run.share) {
			for note, count := range play(t, seed, run.size).judge.notes {
				reached[note] += count
			}
		}
	}
	for _, note := range []string{
		"synchronized DIFF", "synchronized TRUNC", "synchronized TRUNC+DIFF", "synchronized SNAP", "leading ",
		"role observing", "configured ", "handing-over the epoch's zxids are used up",
		"handing-over the leader is no member any more", "elected by hand-over",
		"left no contact to a quorum within syncLimit", "left the leader was not heard in time",
		"left the leader closed the connection", "left the link to the leader broke",
		"left too few followers are connected", "left no quorum within initLimit",
		"left a follower accepted a higher epoch",
	} {
		if reached[note] == 0 {
			t.Errorf("no schedule reached %q", note)
		}
	}
	t.Log(reached)
}
