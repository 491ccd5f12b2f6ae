package network

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols"
)

func TestOutcomeWords(t *testing.T) {
	for outcome, want := range map[Outcome]string{Absent: "absent", Discarded: "discarded", 9: "outcome 9"} {
		if got := outcome.String(); got != want {
			t.Errorf("outcome %d is %q, want %q", uint8(outcome), got, want)
		}
	}
}

func TestLinkAgainstSlice(t *testing.T) {
	// Long queues give up memory at the head, short ones move: both must be
	// the plain removal from a slice.
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]protocols.LinkKind{protocols.Datagram, protocols.Stream}).Draw(t, "kind")
		link := Link{From: 1, To: 2, Kind: kind}
		id := uint64(0)
		for range rapid.IntRange(0, 3*queueShort).Draw(t, "length") {
			id++
			link.push(Packet{ID: id, Message: id})
		}
		model := slices.Clone(link.Queue)
		for range rapid.IntRange(0, 3*queueShort).Draw(t, "steps") {
			id++
			at := rapid.IntRange(0, len(model)).Draw(t, "at")
			wanted := id // not there
			if at < len(model) {
				wanted = model[at].ID
			}
			if rapid.Bool().Draw(t, "push") {
				link.push(Packet{ID: id, Message: id})
				model = append(model, Packet{ID: id, Message: id})
				continue
			}
			got, ok := link.Take(wanted)
			takeable := at < len(model) && (kind == protocols.Datagram || at == 0)
			if ok != takeable || ok && got != model[at] {
				t.Fatalf("Take(%d) = %+v, %v", wanted, got, ok)
			}
			if ok {
				model = slices.Delete(model, at, at+1)
			}
			if !slices.Equal(link.Queue, model) {
				t.Fatalf("queue %v, want %v", link.Queue, model)
			}
		}
	})
}

func TestStreamsDoNotDropOrDuplicate(t *testing.T) {
	link := Link{Kind: protocols.Stream}
	link.push(Packet{ID: 1})
	if link.Drop(1) || link.Duplicate(1, 2) || len(link.Queue) != 1 {
		t.Error("a stream drops or duplicates")
	}
}

func TestTakenPacketsAreForgotten(t *testing.T) {
	// Nothing that left a queue stays in its memory, where it would keep
	// messages alive.
	for _, length := range []int{1, 5, queueShort + 5} {
		for _, at := range []int{0, length / 3, length - 1} {
			link := Link{Kind: protocols.Datagram}
			for i := range length {
				link.push(Packet{ID: uint64(i + 1), Message: i})
			}
			memory := link.Queue
			link.remove(at)
			left := 0
			for _, packet := range memory {
				if packet.Message != nil {
					left++
				}
			}
			if left != length-1 {
				t.Errorf("%d messages in memory after taking 1 of %d at %d", left, length, at)
			}
			link.truncate(0)
			for i, packet := range memory {
				if packet != (Packet{}) {
					t.Errorf("packet %d is still in memory: %+v", i, packet)
				}
			}
		}
	}
}

func TestImpossibleCallsPanic(t *testing.T) {
	n := New(2, protocols.Stream)
	n.Restart(1)
	for what, call := range map[string]func(){
		"no nodes":              func() { New(0, protocols.Stream) },
		"too many nodes":        func() { New(1<<16, protocols.Stream) },
		"unknown kind":          func() { New(1, "pigeon") },
		"link to itself":        func() { n.Link(1, 1) },
		"link to nobody":        func() { n.Link(1, 0) },
		"link to a stranger":    func() { n.Link(1, 3) },
		"connection to itself":  func() { n.Connection(2, 2) },
		"send while down":       func() { n.Send(2, 1, "a", 0) },
		"crash while down":      func() { n.Crash(2, nil) },
		"restart while up":      func() { n.Restart(1) },
		"packet IDs that sink":  func() { l := Link{Queue: []Packet{{ID: 2}}}; l.push(Packet{ID: 1}) },
		"packet IDs that stand": func() { l := Link{Queue: []Packet{{ID: 2}}}; l.push(Packet{ID: 2}) },
	} {
		expectPanic(t, what, call)
	}
}

// datagrams runs a Network and a model, which counts the copies of each
// message on a link.
type datagrams struct {
	n      *Network
	cut    map[Pair]bool
	copies map[Pair]map[int]int
	last   int
	seen   map[string]int
}

func (d *datagrams) pair(t *rapid.T) Pair {
	return rapid.SampledFrom([]Pair{{1, 2}, {2, 1}, {3, 1}}).Draw(t, "pair")
}

func (d *datagrams) send(t *rapid.T) {
	p := d.pair(t)
	if !d.n.Up[p.From-1] {
		return
	}
	d.last++
	if sent := d.n.Send(p.From, p.To, d.last, 0); sent.Packet != d.n.LastID || sent.Marker != 0 {
		t.Fatalf("send = %+v", sent)
	}
	d.copies[p][d.last]++
}

// pick chooses a packet in flight, the ID is 0 if there is none.
func (d *datagrams) pick(t *rapid.T) (Pair, uint64, int) {
	p := d.pair(t)
	queue := d.n.Link(p.From, p.To).Queue
	if len(queue) == 0 {
		return p, 0, 0
	}
	packet := rapid.SampledFrom(queue).Draw(t, "packet")
	message, _ := packet.Message.(int)
	return p, packet.ID, message
}

func (d *datagrams) deliver(t *rapid.T) {
	p, id, message := d.pick(t)
	corrupted := rapid.Bool().Draw(t, "corrupt") && d.n.Corrupt(p.From, p.To, id)
	got := d.n.Deliver(p.From, p.To, id)
	want := Delivered
	switch {
	case id == 0:
		want = Absent
	case !d.n.Up[p.To-1] || d.cut[p]:
		want = Dropped
	case corrupted:
		want = Discarded
	}
	d.seen[want.String()]++
	if got.Outcome != want || (id != 0 && got.Packet.Message != message) || got.Markers != nil {
		t.Fatalf("deliver %v %d = %+v, want %v of %d", p, id, got, want, message)
	}
	if id != 0 {
		d.copies[p][message]--
	}
}

func (d *datagrams) drop(t *rapid.T) {
	p, id, message := d.pick(t)
	if got := d.n.Drop(p.From, p.To, id); got != (id != 0) {
		t.Fatalf("drop %v %d = %v", p, id, got)
	}
	if id != 0 {
		d.copies[p][message]--
	}
}

func (d *datagrams) duplicate(t *rapid.T) {
	p, id, message := d.pick(t)
	got := d.n.Duplicate(p.From, p.To, id)
	if (got != 0) != (id != 0) {
		t.Fatalf("duplicate %v %d = %d", p, id, got)
	}
	if id != 0 {
		d.copies[p][message]++
	}
}

func (d *datagrams) crashOrRestart(t *rapid.T) {
	node := rapid.SampledFrom([]protocols.NodeID{1, 2, 3}).Draw(t, "node")
	if !d.n.Up[node-1] {
		d.n.Restart(node)
	} else if got := d.n.Crash(node, nil); got != nil {
		t.Fatalf("a crash made markers: %v", got)
	}
}

func (d *datagrams) cutOrHeal(t *rapid.T) {
	p := d.pair(t)
	d.cut[p] = !d.cut[p]
	if !d.cut[p] {
		d.n.Heal(fmt.Sprint(p))
	} else if err := d.n.Cut(fmt.Sprint(p), []Pair{p}); err != nil {
		t.Fatal(err)
	}
}

func (d *datagrams) check(t *rapid.T) {
	for p, copies := range d.copies {
		found := map[int]int{}
		for _, packet := range d.n.Link(p.From, p.To).Queue {
			message, _ := packet.Message.(int)
			found[message]++
		}
		for message, count := range copies {
			if found[message] != count {
				t.Fatalf("%v: %d copies of %d, want %d", p, found[message], message, count)
			}
			delete(found, message)
		}
		if len(found) > 0 {
			t.Fatalf("%v: %v were never sent", p, found)
		}
	}
	if d.n.Stalled(1, 2) {
		t.Fatal("datagrams cannot stall")
	}
}

func TestDatagramsAgainstCounts(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		d := &datagrams{
			n: New(3, protocols.Datagram), cut: map[Pair]bool{}, seen: seen,
			copies: map[Pair]map[int]int{{1, 2}: {}, {2, 1}: {}, {3, 1}: {}},
		}
		for node := range protocols.NodeID(3) {
			d.n.Restart(node + 1)
		}
		t.Repeat(map[string]func(*rapid.T){
			"":          d.check,
			"send":      d.send,
			"send too":  d.send,
			"deliver":   d.deliver,
			"drop":      d.drop,
			"duplicate": d.duplicate,
			"crash":     d.crashOrRestart,
			"partition": d.cutOrHeal,
		})
	})
	for _, event := range []string{"absent", "delivered", "dropped", "discarded"} {
		if seen[event] == 0 {
			t.Errorf("no run had %q", event)
		}
	}
}
