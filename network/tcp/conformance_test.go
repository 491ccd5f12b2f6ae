package tcp_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/network/tcp/proxy"
	"quorumlab/protocols"
)

// A fabric is two nodes and the stream between them: the virtual link of package
// network, or drivers on real sockets. The cases below run on both, word for word.
// A node that is held is handed nothing, while its own sends go out.
type fabric interface {
	send(from protocols.NodeID, words ...string)
	// break breaks the connection: all that was sent before and not held by a
	// cut has arrived at the machines of both ends.
	breakUp()
	// damage has a node send a message that is damaged on its way.
	damage(from protocols.NodeID)
	cut(pairs ...network.Pair)
	heal()
	crash(node protocols.NodeID)
	restart(node protocols.NodeID)
	hold(node protocols.NodeID)
	release(node protocols.NodeID)
	// gets tells whether a node got this since it was last asked, and nothing
	// else: words, and "-" for a break.
	gets(node protocols.NodeID, want ...string)
}

var conformance = map[string]func(f fabric){
	"the first send opens the link, for both": func(f fabric) {
		f.send(1, "a", "b")
		f.gets(2, "a", "b")
		f.send(2, "x")
		f.gets(1, "x")
	},
	"a break is told to both ends, once": func(f fabric) {
		f.send(1, "a")
		f.gets(2, "a")
		f.breakUp()
		f.gets(1, "-")
		f.gets(2, "-")
		f.send(2, "x")
		f.gets(1, "x")
		f.send(1, "b")
		f.gets(2, "b")
	},
	"who has not heard of the break sends in vain, even if the other is on the next connection": func(f fabric) {
		f.send(1, "a")
		f.gets(2, "a")
		f.hold(1)
		f.breakUp()
		f.gets(2, "-")
		f.send(2, "x", "y")
		f.send(1, "lost", "lost too")
		f.release(1)
		f.gets(1, "-", "x", "y")
		f.send(1, "b")
		f.gets(2, "b")
	},
	"what arrived before the break comes before the news of it": func(f fabric) {
		f.send(1, "a")
		f.gets(2, "a")
		f.hold(2)
		f.send(1, "b", "c")
		f.breakUp()
		f.gets(1, "-")
		f.release(2)
		f.gets(2, "b", "c", "-")
	},
	"each connection that brought something ends with news of its own": func(f fabric) {
		f.send(1, "a")
		f.gets(2, "a")
		f.hold(2)
		f.breakUp()
		f.gets(1, "-")
		f.send(1, "b")
		f.breakUp()
		f.gets(1, "-")
		f.send(1, "c")
		f.release(2)
		f.gets(2, "-", "b", "-", "c")
	},
	"a peer that is down costs each first send": func(f fabric) {
		f.crash(2)
		f.send(1, "lost", "lost too")
		f.gets(1, "-")
		f.send(1, "lost again")
		f.gets(1, "-")
		f.restart(2)
		f.send(1, "heard")
		f.gets(2, "heard")
	},
	"a peer behind a cut is out of reach": func(f fabric) {
		f.cut(network.Isolate(2, 2)...)
		f.send(1, "lost")
		f.gets(1, "-")
		f.heal()
		f.send(1, "heard")
		f.gets(2, "heard")
	},
	"so it is behind a cut of the way back": func(f fabric) {
		f.cut(network.OneWay(2, 1)...)
		f.send(1, "lost")
		f.gets(1, "-")
		f.heal()
		f.send(2, "x")
		f.gets(1, "x")
	},
	"a cut holds what is under way": func(f fabric) {
		f.send(1, "a")
		f.gets(2, "a")
		f.cut(network.OneWay(1, 2)...)
		f.send(1, "b")
		f.send(2, "x")
		f.gets(1, "x") // the other direction works
		f.gets(2)
		f.heal()
		f.gets(2, "b")
	},
	"what a cut holds is lost with the connection": func(f fabric) {
		f.send(1, "a")
		f.gets(2, "a")
		f.cut(network.OneWay(1, 2)...)
		f.send(1, "lost")
		f.breakUp()
		f.gets(1, "-")
		f.gets(2, "-")
		f.heal()
		f.send(1, "b")
		f.gets(2, "b")
	},
	"a new life hears nothing of the old one": func(f fabric) {
		f.send(1, "a")
		f.gets(2, "a")
		f.crash(2)
		f.gets(1, "-")
		f.restart(2)
		f.gets(2)
		f.send(2, "x")
		f.gets(1, "x")
		f.send(1, "b")
		f.gets(2, "b")
	},
	"damage breaks the connection": func(f fabric) {
		f.send(1, "a")
		f.gets(2, "a")
		f.damage(1)
		f.gets(1, "-")
		f.gets(2, "-")
		f.send(1, "b")
		f.gets(2, "b")
	},
}

func TestConformance(t *testing.T) {
	for name, play := range conformance {
		t.Run(name, func(t *testing.T) {
			t.Run("virtual", func(t *testing.T) { play(newVirtual(t)) })
			t.Run("tcp", func(t *testing.T) {
				t.Parallel()
				play(newReal(t))
			})
		})
	}
}

// virtual is the virtual link.
type virtual struct {
	t    *testing.T
	n    *network.Network
	held map[protocols.NodeID]bool
	got  map[protocols.NodeID][]string
}

func newVirtual(t *testing.T) *virtual {
	v := &virtual{
		t: t, n: network.New(2, protocols.Stream), held: map[protocols.NodeID]bool{}, got: map[protocols.NodeID][]string{},
	}
	v.n.Restart(1)
	v.n.Restart(2)
	return v
}

func (v *virtual) send(from protocols.NodeID, words ...string) {
	for _, word := range words {
		v.n.Send(from, 3-from, word, 0)
	}
}

func (v *virtual) breakUp() {
	v.n.Break(1, 2, v.n.InFlight(1, 2), v.n.InFlight(2, 1))
}

func (v *virtual) damage(from protocols.NodeID) {
	v.send(from, "damaged")
	queue := v.n.Link(from, 3-from).Queue
	v.n.Corrupt(from, 3-from, queue[len(queue)-1].ID)
}

func (v *virtual) cut(pairs ...network.Pair) {
	if err := v.n.Cut("cut", pairs); err != nil {
		v.t.Fatal(err)
	}
}

func (v *virtual) heal()                         { v.n.HealAll() }
func (v *virtual) crash(node protocols.NodeID)   { v.settle(); v.n.Crash(node, nil); v.got[node] = nil }
func (v *virtual) restart(node protocols.NodeID) { v.n.Restart(node) }
func (v *virtual) hold(node protocols.NodeID)    { v.held[node] = true }
func (v *virtual) release(node protocols.NodeID) { v.held[node] = false }

// settle delivers all that can be.
func (v *virtual) settle() {
	for _, node := range []protocols.NodeID{1, 2, 1} { // what 2 finds damaged breaks it for 1
		link := v.n.Link(3-node, node)
		for !v.held[node] && len(link.Queue) > 0 {
			d := v.n.Deliver(3-node, node, link.Queue[0].ID)
			if d.Outcome == network.Held {
				break
			}
			if d.Outcome == network.Broken {
				v.got[node] = append(v.got[node], "-")
			} else if d.Outcome == network.Delivered {
				v.got[node] = append(v.got[node], d.Packet.Message.(string))
			}
		}
	}
}

func (v *virtual) gets(node protocols.NodeID, want ...string) {
	v.t.Helper()
	v.settle()
	if !slices.Equal(v.got[node], want) {
		v.t.Fatalf("node %d got %q, want %q", node, v.got[node], want)
	}
	v.got[node] = nil
}

// sockets are drivers with a mesh of real connections between them.
type sockets struct {
	*lab
	read map[protocols.NodeID]int
	// held has, of a node that is held, how to release it and what it sends then,
	// before it is handed anything.
	held map[protocols.NodeID]*held
}

type held struct {
	release func()
	sends   []protocols.Effect
	begin   chan struct{}
	done    chan struct{}
}

func newReal(t *testing.T) *sockets {
	l := newLab(t, 2, protocols.Stream, nil)
	return &sockets{lab: l, read: map[protocols.NodeID]int{}, held: map[protocols.NodeID]*held{}}
}

func (s *sockets) send(from protocols.NodeID, words ...string) {
	s.t.Helper()
	var effects []protocols.Effect
	for _, word := range words {
		effects = append(effects, protocols.Send{To: 3 - from, Message: word})
	}
	if h := s.held[from]; h != nil {
		h.sends = append(h.sends, effects...)
		return
	}
	s.order(from, effects...)
	s.arrives(3 - from)
}

// arrives waits until what was sent to a node is in its mailbox, if it is held and
// so cannot be asked.
func (s *sockets) arrives(node protocols.NodeID) {
	if s.held[node] == nil {
		return
	}
	s.wait("the messages are in the mailbox", func() bool {
		return s.drivers[node].Stats().Peers[0].Received == s.drivers[3-node].Stats().Peers[0].Sent
	})
}

func (s *sockets) breakUp() {
	s.t.Helper()
	breaks := func(node protocols.NodeID) uint64 { return s.drivers[node].Stats().Peers[0].Breaks }
	one, two := breaks(1), breaks(2)
	s.wait("there is a connection", func() bool {
		return s.drivers[1].Stats().Peers[0].Connected && s.drivers[2].Stats().Peers[0].Connected
	})
	if s.mesh.Break(1, 2) == 0 {
		s.t.Fatal("there is no connection to break")
	}
	s.wait("both know", func() bool { return breaks(1) > one && breaks(2) > two })
}

func (s *sockets) damage(from protocols.NodeID) {
	s.mesh.Corrupt(proxy.Pair{From: from, To: 3 - from})
	s.send(from, "damaged")
}

func (s *sockets) cut(pairs ...network.Pair) {
	for _, pair := range pairs {
		s.mesh.Cut(proxy.Pair(pair))
	}
}

func (s *sockets) heal() { s.mesh.Heal() }

func (s *sockets) crash(node protocols.NodeID) {
	s.lab.crash(node)
	s.read[node] = 0
}

// hold makes the node stand still within a step. What it is to send meanwhile are
// the effects of that step.
func (s *sockets) hold(node protocols.NodeID) {
	s.t.Helper()
	h := &held{begin: make(chan struct{}), done: make(chan struct{})}
	s.held[node] = h
	// The first look makes sure that the loop has begun the second.
	go s.drivers[node].Look(context.Background(), func(protocols.Node, time.Duration) {
		close(h.begin)
		<-h.done
	})
	<-h.begin
	h.release = s.nodes[node].hold()
	s.request++
	request := s.request
	ordered := make(chan struct{})
	go func() {
		defer close(ordered)
		s.drivers[node].Request(context.Background(), 2, request, order{nil})
	}()
	s.wait("the order is next", func() bool { return s.drivers[node].Stats().Mailbox > 0 })
	release := h.release
	h.release = func() { release(); <-ordered }
	s.nodes[node].mu.Lock()
	s.nodes[node].late = &h.sends
	s.nodes[node].mu.Unlock()
	close(h.done)
}

func (s *sockets) release(node protocols.NodeID) {
	h := s.held[node]
	s.held[node] = nil
	h.release()
}

func (s *sockets) gets(node protocols.NodeID, want ...string) {
	s.t.Helper()
	peer := fmt.Sprint(3-node) + ":"
	for i, word := range want {
		want[i] = peer + word
	}
	from := s.read[node]
	got := s.nodes[node].until(s.t, fmt.Sprint(want), func(got []string) bool { return len(got) >= from+len(want) })
	if !slices.Equal(got[from:], want) {
		s.t.Fatalf("node %d got %q, want %q", node, got[from:], want)
	}
	s.read[node] = len(got)
}
