package network

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/protocols"
)

// streams runs a Network and the model of sockets side by side.
type streams struct {
	nodes int
	n     *Network
	model *sockets
	last  int // the message sent last; each is its own number
	// sent holds all that was sent on a link, lost or not; got what arrived
	// since the last break, as indices of sent.
	sent map[Pair][]int
	got  map[Pair][]int
	// seen counts what happened, so that no run passes for want of events.
	seen map[string]int
}

func newStreams(nodes int, seen map[string]int) *streams {
	s := &streams{
		nodes: nodes, n: New(nodes, protocols.Stream), model: newSockets(),
		sent: map[Pair][]int{}, got: map[Pair][]int{}, seen: seen,
	}
	for i := range nodes {
		node := protocols.NodeID(i + 1)
		s.n.Restart(node)
		s.model.up[node] = true
	}
	return s
}

func (s *streams) pair(t *rapid.T) Pair {
	from := rapid.IntRange(1, s.nodes).Draw(t, "from")
	to := (from-1+rapid.IntRange(1, s.nodes-1).Draw(t, "distance"))%s.nodes + 1
	return Pair{protocols.NodeID(from), protocols.NodeID(to)}
}

func (s *streams) send(t *rapid.T) {
	p := s.pair(t)
	if !s.n.Up[p.From-1] {
		return
	}
	s.last++
	s.sent[p] = append(s.sent[p], s.last)
	lost := s.n.Lost(p.From, p.To)
	got := s.n.Send(p.From, p.To, s.last, time.Duration(s.last))
	want := s.model.send(p.From, p.To, s.last)
	s.seen[fmt.Sprint("send ", want)]++
	if (got.Packet != 0) != (want == dialOpen) || (got.Marker != 0) != (want == dialFailed) {
		t.Fatalf("send %v = %+v, want %d", p, got, want)
	}
	if lost != (want == dialLost) {
		t.Fatalf("send %v: Lost said %v, want %d", p, lost, want)
	}
}

func (s *streams) deliver(t *rapid.T) {
	p := s.pair(t)
	queue := s.n.Link(p.From, p.To).Queue
	id := uint64(math.MaxUint64)
	if len(queue) > 0 {
		id = queue[0].ID
	}
	if len(queue) > 1 {
		later := rapid.IntRange(1, len(queue)-1).Draw(t, "later")
		if got := s.n.Deliver(p.From, p.To, queue[later].ID); got.Outcome != Held {
			t.Fatalf("packet %d of %v overtakes: %+v", later, p, got)
		}
	}
	got := s.n.Deliver(p.From, p.To, id)
	outcome, message := s.model.deliver(p.From, p.To)
	s.seen[outcome.String()]++
	if got.Outcome != outcome {
		t.Fatalf("deliver %v = %v, want %v", p, got.Outcome, outcome)
	}
	switch outcome {
	case Delivered:
		if got.Packet.Message != message || got.Packet.Sent != time.Duration(message) {
			t.Fatalf("deliver %v: got %+v, want message %d", p, got.Packet, message)
		}
		s.arrived(t, p, message)
	case Broken:
		s.got[p] = nil
	}
}

// arrived checks the contract of protocols.Received directly.
func (s *streams) arrived(t *rapid.T, p Pair, message int) {
	i := slices.Index(s.sent[p], message)
	if i < 0 {
		t.Fatalf("%v: %d was never sent", p, message)
	}
	if run := s.got[p]; len(run) > 0 && run[len(run)-1]+1 != i {
		t.Fatalf("%v: a gap or wrong order: %v, then %d", p, run, i)
	}
	s.got[p] = append(s.got[p], i)
}

func (s *streams) corrupt(t *rapid.T) {
	p := s.pair(t)
	for i, packet := range s.n.Link(p.From, p.To).Queue {
		if packet.Break || rapid.IntRange(0, 2).Draw(t, "spare") > 0 {
			continue
		}
		if !s.n.Corrupt(p.From, p.To, packet.ID) {
			t.Fatalf("packet %d of %v cannot be corrupted", i, p)
		}
		for _, end := range s.model.ends[Pair{p.To, p.From}] {
			for j := range end.inbox {
				if end.inbox[j].message == packet.Message {
					end.inbox[j].corrupt = true
				}
			}
		}
		return
	}
}

func (s *streams) breakUp(t *rapid.T) {
	p := s.pair(t)
	keepThere := rapid.IntRange(-1, 4).Draw(t, "keepAB")
	keepHere := rapid.IntRange(-1, 4).Draw(t, "keepBA")
	s.n.Break(p.From, p.To, keepThere, keepHere)
	if s.model.live(p) != nil {
		s.seen["break"]++
		s.model.close(p, max(0, keepHere), max(0, keepThere))
	}
}

func (s *streams) crashOrRestart(t *rapid.T) {
	node := protocols.NodeID(rapid.IntRange(1, s.nodes).Draw(t, "node"))
	if !s.n.Up[node-1] {
		s.n.Restart(node)
		s.model.up[node] = true
		return
	}
	if rapid.IntRange(0, 3).Draw(t, "spare") > 0 {
		return
	}
	keep := map[protocols.NodeID]int{}
	s.n.Crash(node, func(to protocols.NodeID, inFlight int) int {
		if end := s.model.live(Pair{to, node}); len(end.inbox) != inFlight {
			t.Fatalf("%d in flight to %d, want %d", inFlight, to, len(end.inbox))
		}
		keep[to] = rapid.IntRange(0, inFlight).Draw(t, "keep")
		return keep[to]
	})
	s.model.crash(node, s.nodes, keep)
	for p := range s.got {
		if p.To == node { // a new life has heard nothing
			delete(s.got, p)
		}
	}
}

func (s *streams) cutOrHeal(t *rapid.T) {
	p := s.pair(t)
	name := fmt.Sprint(p)
	if !s.n.Heal(name) {
		if err := s.n.Cut(name, []Pair{p}); err != nil {
			t.Fatal(err)
		}
	}
	s.model.cut[p] = !s.model.cut[p]
}

// check compares everything in flight, and the invariants of doc.go.
func (s *streams) check(t *rapid.T) {
	for i := range s.n.Links {
		link := &s.n.Links[i]
		p := Pair{link.From, link.To}
		if p.From == p.To {
			continue
		}
		var flight []int
		breaks := 0
		for _, packet := range link.Queue {
			message, _ := packet.Message.(int)
			flight = append(flight, message)
			if packet.Break {
				breaks++
			}
		}
		if want := s.model.waiting(p.From, p.To); !slices.Equal(flight, want) {
			t.Fatalf("in flight %v: %v, want %v", p, flight, want)
		}
		if breaks != link.Breaks {
			t.Fatalf("%v has %d markers, says %d", p, breaks, link.Breaks)
		}
		established := s.n.Connection(p.From, p.To).Established
		if established != (s.model.live(p) != nil) {
			t.Fatalf("%v established: %v", p, established)
		}
		if last := len(link.Queue); !established && last > 0 && !link.Queue[last-1].Break {
			t.Fatalf("%v: no connection, but a message behind the last marker", p)
		}
		if len(link.Queue) > 0 && !s.n.Up[p.To-1] {
			t.Fatalf("%v: in flight to a node that is down", p)
		}
		s.checkStalled(t, p)
	}
}

func (s *streams) checkStalled(t *rapid.T, p Pair) {
	want := false
	for _, way := range []Pair{p, {p.To, p.From}} {
		end := s.model.live(Pair{way.To, way.From})
		want = want || end != nil && len(end.inbox) > 0 && s.model.cut[way]
	}
	if got := s.n.Stalled(p.From, p.To); got != want {
		t.Fatalf("%v stalled: %v, want %v", p, got, want)
	}
	if want {
		s.seen["stalled"]++
	}
}

func TestStreamsAgainstSockets(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		s := newStreams(rapid.IntRange(2, 3).Draw(t, "nodes"), seen)
		for range 4 { // longer than rapid's usual runs
			t.Repeat(map[string]func(*rapid.T){
				"":          s.check,
				"send":      s.send,
				"send too":  s.send,
				"deliver":   s.deliver,
				"corrupt":   s.corrupt,
				"break":     s.breakUp,
				"crash":     s.crashOrRestart,
				"partition": s.cutOrHeal,
			})
		}
	})
	for _, event := range []string{
		"send 0", "send 1", "send 2", "absent", "held", "delivered", "broken", "discarded", "break", "stalled",
	} {
		if seen[event] == 0 {
			t.Errorf("no run had %q", event)
		}
	}
}

// story drives two nodes by hand. Messages are strings.
type story struct {
	t *testing.T
	n *Network
}

func newStory(t *testing.T) story {
	t.Helper()
	n := New(2, protocols.Stream)
	n.Restart(1)
	n.Restart(2)
	return story{t, n}
}

func (s story) send(from protocols.NodeID, messages ...string) {
	for _, message := range messages {
		s.n.Send(from, 3-from, message, 0)
	}
}

// receives delivers all that can arrive at a node; "-" stands for a break.
func (s story) receives(to protocols.NodeID, want ...string) {
	s.t.Helper()
	link := s.n.Link(3-to, to)
	var got []string
	for len(link.Queue) > 0 {
		d := s.n.Deliver(3-to, to, link.Queue[0].ID)
		if d.Outcome == Held {
			break
		}
		if message, ok := d.Packet.Message.(string); ok && d.Outcome == Delivered {
			got = append(got, message)
		} else if d.Outcome == Broken {
			got = append(got, "-")
		}
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("node %d received %v, want %v", to, got, want)
	}
}

func (s story) cut(pairs []Pair) {
	s.t.Helper()
	if err := s.n.Cut("cut", pairs); err != nil {
		s.t.Fatal(err)
	}
}

func TestBreakKeepsPrefixesAndTellsBothEnds(t *testing.T) {
	s := newStory(t)
	s.send(1, "a", "b", "c")
	s.send(2, "x", "y")
	if got := s.n.Break(1, 2, 2, 0); len(got) != 2 || got[0].To != 2 || got[1].To != 1 {
		t.Errorf("markers %v, want one to 2 and one to 1", got)
	}
	s.send(1, "lost") // 1 does not know yet
	s.receives(1, "-")
	s.send(1, "d") // on a new connection
	s.send(2, "lost")
	s.receives(2, "a", "b", "-", "d")
	s.send(2, "z")
	s.receives(1, "z")
}

func TestBreaksDoNotPileUp(t *testing.T) {
	s := newStory(t)
	s.send(1, "a")
	s.n.Break(1, 2, 0, 0)
	if got := s.n.Break(1, 2, 0, 0); got != nil {
		t.Errorf("without a connection there are new markers %v", got)
	}
	s.receives(1, "-")
	s.send(1, "b") // 2 is never to see this connection
	if got := s.n.Break(1, 2, 0, 0); len(got) != 1 || got[0].To != 1 {
		t.Errorf("new markers %v, want one to 1", got)
	}
	s.receives(1, "-")
	s.send(1, "c", "d")
	s.n.Break(1, 2, 1, 0)
	s.receives(2, "-", "c", "-")
}

func TestUnreachablePeer(t *testing.T) {
	for name, hinder := range map[string]func(story){
		"down":        func(s story) { s.n.Crash(2, nil) },
		"cut":         func(s story) { s.cut(Isolate(2, 2)) },
		"cut one way": func(s story) { s.cut(OneWay(2, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			hinder(s)
			s.send(1, "lost", "lost too")
			s.receives(1, "-")
			s.send(1, "lost again")
			s.receives(1, "-")
			s.n.HealAll()
			if !s.n.Up[1] {
				s.n.Restart(2)
			}
			s.send(1, "heard")
			s.receives(2, "heard")
		})
	}
}

func TestCutHoldsWhatIsInFlight(t *testing.T) {
	s := newStory(t)
	s.send(1, "a")
	s.send(2, "x")
	s.cut(OneWay(1, 2))
	s.send(1, "b")
	s.receives(2)
	s.receives(1, "x") // the other direction works
	if !s.n.Stalled(2, 1) || s.n.InFlight(1, 2) != 0 {
		t.Error("the connection should be stalled, with nothing to keep")
	}
	s.n.Heal("cut")
	s.receives(2, "a", "b")

	s.send(1, "c")
	s.cut(OneWay(1, 2))
	s.n.Break(1, 2, 1, 1) // a time-out: "c" cannot have crossed the cut
	s.receives(2, "-")    // news of a break come from one's own machine
	s.receives(1, "-")
}

func TestBufferedMessagesArriveDespiteCut(t *testing.T) {
	s := newStory(t)
	s.send(1, "a", "b")
	s.n.Break(1, 2, 2, 0)
	s.cut(Isolate(2, 1))
	s.receives(2, "a", "b", "-")
}

func TestCrashEmptiesItsOwnBuffers(t *testing.T) {
	s := newStory(t)
	s.send(1, "a", "b")
	s.send(2, "x")
	markers := s.n.Crash(1, func(to protocols.NodeID, inFlight int) int {
		if to != 2 || inFlight != 2 {
			t.Errorf("asked to keep of %d in flight to %d, want 2 to 2", inFlight, to)
		}
		return 1
	})
	if len(markers) != 1 || markers[0].To != 2 {
		t.Errorf("markers %v, want one to 2", markers)
	}
	s.send(2, "lost")
	s.n.Restart(1)
	s.receives(1) // neither "x" nor a break: it is a new life
	s.send(1, "c")
	s.send(2, "lost too")
	s.receives(2, "a", "-", "c")
	s.send(2, "y")
	s.receives(1, "y")
}

func TestCorruptedStreamBreaks(t *testing.T) {
	s := newStory(t)
	s.send(1, "a", "b", "c")
	s.send(2, "x")
	link := s.n.Link(1, 2)
	s.n.Corrupt(1, 2, link.Queue[1].ID)
	if s.n.Deliver(1, 2, link.Queue[2].ID).Outcome != Held {
		t.Error("the third packet overtakes")
	}
	s.n.Deliver(1, 2, link.Queue[0].ID)
	d := s.n.Deliver(1, 2, link.Queue[0].ID)
	if d.Outcome != Discarded || d.Packet.Message != "b" || len(d.Markers) != 2 {
		t.Errorf("corrupted packet: %+v", d)
	}
	if s.n.Corrupt(1, 2, link.Queue[0].ID) {
		t.Error("a marker has no bits to flip")
	}
	s.receives(2, "-")
	s.receives(1, "x", "-")
}
