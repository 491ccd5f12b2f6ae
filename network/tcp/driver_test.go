package tcp_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"quorumlab/network/tcp"
	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

func TestMessagesArriveInOrderBothWays(t *testing.T) {
	l := newLab(t, 3, protocols.Stream, nil)
	l.send(1, 2, "a", "b", big{strings.Repeat("x", 1<<20)}, "c")
	l.gets(2, "1:a", "1:b", "1:1048576 bytes", "1:c")
	l.send(2, 1, "d")
	l.send(3, 1, "e")
	l.nodes[1].until(t, "both", func(got []string) bool { return len(got) == 2 })
	if s := l.drivers[1].Stats(); !s.Peers[0].Connected || s.Peers[0].Connects != 1 || s.Peers[0].Sent != 4 {
		t.Errorf("%+v", s)
	}
}

// Both dial at once, again and again: one connection stands, and nothing is lost.
func TestSimultaneousDials(t *testing.T) {
	l := newLab(t, 2, protocols.Stream, nil)
	for i := range uint64(30) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			l.drivers[2].Request(ctx, 2, i, order{protocols.Effects{protocols.Send{To: 1, Message: "x"}}})
		}()
		l.send(1, 2, "a")
		<-done
		l.nodes[1].until(t, "x", func(got []string) bool { return len(got) == 1 })
		l.nodes[2].until(t, "a", func(got []string) bool { return len(got) == 1 })
		l.mesh.Break(1, 2)
		for id, node := range l.nodes {
			got := node.until(t, "the break", func(got []string) bool { return len(got) >= 2 })
			if len(got) != 2 || got[1] != map[protocols.NodeID]string{1: "2:-", 2: "1:-"}[id] {
				t.Fatalf("node %d got %v", id, got)
			}
			node.mu.Lock()
			node.got = nil
			node.mu.Unlock()
		}
	}
}

// On datagram links nobody hears of a break, and what cannot be sent is dropped.
func TestDatagramsAreLostSilently(t *testing.T) {
	l := newLab(t, 2, protocols.Datagram, func(c *tcp.Config) { c.Limits.Frame = 1 << 12 })
	l.crash(2)
	l.send(1, 2, "lost")
	l.restart(2)
	l.send(1, 2, big{strings.Repeat("x", 1<<13)})
	for len(l.nodes[2].all()) == 0 {
		l.send(1, 2, "a")
	}
	for _, got := range l.nodes[2].all() {
		if got != "1:a" && got != "1:lost" { // it may have waited for the restart
			t.Fatalf("got %q", got)
		}
	}
	if got := l.nodes[1].all(); len(got) > 0 {
		t.Errorf("the sender heard %v", got)
	}
}

// A peer that takes nothing costs a bounded queue, and then the stream.
func TestQueueIsBounded(t *testing.T) {
	l := newLab(t, 2, protocols.Stream, func(c *tcp.Config) { c.Limits.Queue, c.Limits.Mailbox = 1<<16, 1<<16 })
	l.send(1, 2, "a")
	l.gets(2, "1:a")
	release := l.nodes[2].hold()
	for range 10_000 {
		l.send(1, 2, big{strings.Repeat("x", 1<<12)})
		if p := l.drivers[1].Stats().Peers[0]; p.Queued > 1<<16 {
			t.Fatalf("%d bytes wait", p.Queued)
		}
		if len(l.nodes[1].all()) > 0 {
			break
		}
	}
	l.nodes[1].until(t, "the break", func(got []string) bool { return slices.Contains(got, "2:-") })
	release()
	got := l.nodes[2].until(t, "the break", func(got []string) bool { return slices.Contains(got, "1:-") })
	for _, word := range got[1:slices.Index(got, "1:-")] {
		if word != "1:4096 bytes" {
			t.Fatalf("got %q", word)
		}
	}
	l.send(1, 2, "b")
	l.nodes[2].until(t, "b", func(got []string) bool { return got[len(got)-1] == "1:b" })
}

func TestAMessageThatNoFrameHoldsBreaksTheStream(t *testing.T) {
	l := newLab(t, 2, protocols.Stream, func(c *tcp.Config) { c.Limits.Frame = 1 << 12 })
	l.send(1, 2, "a")
	l.gets(2, "1:a")
	l.send(1, 2, big{strings.Repeat("x", 1<<13)})
	l.gets(1, "2:-")
	l.gets(2, "1:a", "1:-")
}

// alone starts the driver of a node without peers.
func alone(t *testing.T, node protocols.Node, disk tcp.Disk, clock func() time.Duration) *tcp.Driver {
	t.Helper()
	codec, err := state.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	d, err := tcp.Start(tcp.Config{
		Cluster: "test", Self: 1, Links: protocols.Stream, Node: node, Codec: codec, Disk: disk, Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func ask(d *tcp.Driver, request uint64, effects ...protocols.Effect) tcp.Answer {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return d.Request(ctx, 1, request, order{effects})
}

func TestTimersFireWithinTheirRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		origin := time.Now()
		node := newPuppet()
		d := alone(t, node, tcp.NewMemory(protocols.Disk{}), func() time.Duration { return time.Since(origin) })
		timer := func(name string, from, to time.Duration) protocols.SetTimer {
			return protocols.SetTimer{Timer: protocols.Timer{Name: name}, Min: from, Max: to}
		}
		seen := map[time.Duration]bool{}
		for i := range uint64(20) {
			begin := time.Now()
			ask(
				d, i, timer("a", 20*time.Millisecond, 30*time.Millisecond), timer("b", 10*time.Second, 10*time.Second),
				timer("c", 0, 0), timer("d", time.Millisecond, time.Millisecond),
				timer("d", time.Minute, time.Minute), protocols.CancelTimer{Timer: protocols.Timer{Name: "d"}},
			)
			got := node.until(t, "a", func(got []string) bool { return len(got) > 0 && got[len(got)-1] == "timer a" })
			if took := time.Since(begin); took < 20*time.Millisecond || took > 30*time.Millisecond {
				t.Fatalf("fired after %v", took)
			} else {
				seen[took] = true
			}
			if got[len(got)-2] != "timer c" || len(got) != int(2*i+2) {
				t.Fatalf("got %v", got)
			}
		}
		if len(seen) < 2 {
			t.Error("the instant is always the same")
		}
		begin := time.Now()
		node.until(t, "b", func(got []string) bool { return got[len(got)-1] == "timer b" })
		if took := time.Since(begin).Round(time.Second); took != 10*time.Second {
			t.Errorf("set anew, b fired after %v", took)
		}
		d.Close()
	})
}

func TestDiskTellsTheNodeAndStopsIt(t *testing.T) {
	node, disk := newPuppet(), tcp.NewMemory(protocols.Disk{})
	d := alone(t, node, disk, nil)
	ask(d, 1, persist(7, "a"))
	node.until(t, "the mark", func(got []string) bool { return len(got) == 1 && got[0] == "mark 7" })
	release := node.hold()
	answer := make(chan tcp.Answer, 1)
	go func() { answer <- ask(d, 2, persist(8, "b")) }()
	release()
	if a := <-answer; a.Err != nil || a.Result != "done" {
		t.Errorf("%+v", a)
	}
	why := errors.New("no space left on device")
	disk.Fail(why)
	<-d.Done()
	if err := d.Err(); !errors.Is(err, why) {
		t.Errorf("stopped because of %v", err)
	}
	if a := ask(d, 3); !errors.Is(a.Err, tcp.ErrStopped) {
		t.Errorf("asked after the end: %+v", a)
	}
	if d.Look(context.Background(), func(protocols.Node, time.Duration) {}) {
		t.Error("the node was looked at after the end")
	}
}

func TestHaltedNodeStopsTheDriver(t *testing.T) {
	d := alone(t, newPuppet(), tcp.NewMemory(protocols.Disk{}), nil)
	ask(d, 1, protocols.Note{Kind: protocols.Halted, Text: "the metadata is damaged"})
	<-d.Done()
	if halted, ok := errors.AsType[*tcp.HaltedError](d.Err()); !ok || halted.Why != "the metadata is damaged" {
		t.Errorf("stopped because of %v", d.Err())
	}
}

// silent is a node that answers nobody but when it is told to refuse.
type silent struct{}

func (*silent) Step(_ time.Duration, event protocols.Event, out *protocols.Effects) {
	if e, ok := event.(protocols.Requested); ok && e.Command == "refuse" {
		out.Refuse(e.Client, e.Request, protocols.NoQuorum)
	}
}

func TestWhatIsKnownOfARequest(t *testing.T) {
	d := alone(t, &silent{}, tcp.NewMemory(protocols.Disk{}), nil)
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan tcp.Answer, 2)
	go func() { first <- d.Request(ctx, 1, 1, "wait") }()
	if a := d.Request(context.Background(), 1, 2, "refuse"); a.Refusal != protocols.NoQuorum {
		t.Errorf("%+v", a)
	}
	cancel()
	if a := <-first; !errors.Is(a.Err, tcp.ErrUnknown) {
		t.Errorf("called off: %+v", a)
	}
	// Two wait for one request, and one refusal comes: it is that of one of them.
	go func() { first <- d.Request(context.Background(), 1, 3, "wait") }()
	for d.Stats().Requests == 0 || d.Stats().Mailbox > 0 {
		d.Look(context.Background(), func(protocols.Node, time.Duration) {})
	}
	go func() { first <- d.Request(context.Background(), 1, 3, "refuse") }()
	for range 2 {
		if a := <-first; !errors.Is(a.Err, tcp.ErrUnknown) {
			t.Errorf("one of two: %+v", a)
		}
	}
	go func() { first <- d.Request(context.Background(), 1, 4, "wait") }()
	for d.Stats().Steps < 6 {
		d.Look(context.Background(), func(protocols.Node, time.Duration) {})
	}
	d.Close()
	if a := <-first; !errors.Is(a.Err, tcp.ErrUnknown) {
		t.Errorf("stopped: %+v", a)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	node := newPuppet()
	codec, err := state.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	d, err := tcp.Start(tcp.Config{
		Cluster: "test", Self: 1, Links: protocols.Stream, Node: node, Codec: codec,
		Disk: tcp.NewMemory(protocols.Disk{}), Limits: tcp.Limits{Requests: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	release := node.hold()
	done := make(chan tcp.Answer, 1)
	go func() { done <- ask(d, 1) }()
	for d.Stats().Requests == 0 {
		if len(done) > 0 {
			t.Fatal(<-done)
		}
	}
	if a := ask(d, 2); !errors.Is(a.Err, tcp.ErrBusy) {
		t.Errorf("the second is not refused: %+v", a)
	}
	release()
	if a := <-done; a.Err != nil {
		t.Errorf("%+v", a)
	}
}
