package sim_test

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/primarybackup"
	"quorumlab/protocols/zab"
	"quorumlab/sim"
)

// essence leaves out of a choice what its kind does not use, and gives a Break
// the order in which it is listed. It reports false for what never is a choice.
func essence(c sim.Choice) (sim.Choice, bool) {
	e := sim.Choice{Kind: c.Kind}
	switch c.Kind {
	case sim.Deliver, sim.Drop, sim.Duplicate, sim.Corrupt:
		e.Node, e.Peer, e.ID = c.Node, c.Peer, c.ID
	case sim.Break:
		e = c
		e.Client = 0
		if c.Node > c.Peer {
			if c.ID > 1<<32-1 {
				return c, false
			}
			e.Node, e.Peer, e.Keep, e.ID = c.Peer, c.Node, uint32(c.ID), uint64(c.Keep)
		}
	case sim.Fire:
		e.Node, e.ID = c.Node, c.ID
	case sim.Crash:
		e.Node, e.Keep, e.ID = c.Node, c.Keep, c.ID
	case sim.FailSync:
		e.Node, e.Keep = c.Node, c.Keep
	case sim.Sync, sim.Restart, sim.Pause, sim.Resume:
		e.Node = c.Node
	case sim.Invoke:
		e.Client = c.Client
	case sim.Arrive, sim.Lose:
		e.ID = c.ID
	case sim.Expire:
		e.Client, e.ID = c.Client, c.ID
	default:
		return c, false
	}
	return e, true
}

// hostile draws a choice that may be anything, but often is nearly right.
func hostile(t *rapid.T, listed []sim.Choice) sim.Choice {
	c := sim.Choice{
		Kind:   sim.Kind(rapid.Uint8Range(0, uint8(sim.Lose)+2).Draw(t, "kind")),
		Node:   protocols.NodeID(rapid.Uint16Range(0, 5).Draw(t, "node")),
		Peer:   protocols.NodeID(rapid.Uint16Range(0, 5).Draw(t, "peer")),
		Keep:   rapid.Uint32Range(0, 4).Draw(t, "keep"),
		Client: protocols.ClientID(rapid.Uint32Range(0, 4).Draw(t, "client")),
		ID:     rapid.Uint64Range(0, 30).Draw(t, "id"),
	}
	if len(listed) > 0 && rapid.Bool().Draw(t, "near") {
		c = rapid.SampledFrom(listed).Draw(t, "listed")
	}
	switch rapid.IntRange(0, 7).Draw(t, "twist") {
	case 0:
		c.ID = rapid.Uint64().Draw(t, "any id")
	case 1:
		c.Keep = rapid.Uint32().Draw(t, "any keep")
	case 2:
		c.Node = protocols.NodeID(rapid.Uint16().Draw(t, "any node"))
	case 3:
		c.Peer = protocols.NodeID(rapid.Uint16().Draw(t, "any peer"))
	case 4:
		c.Client = protocols.ClientID(rapid.Uint32().Draw(t, "any client"))
	case 5:
		c.Kind = sim.Kind(rapid.Uint8().Draw(t, "any kind"))
	}
	return c
}

// walk is a random walk over a world.
type walk struct {
	*rapid.T
	world *sim.World
	step  sim.Step
	done  map[sim.Kind]int
}

func (w *walk) bytes(world *sim.World) []byte { return world.Setup().Codec.Canonical(world.State) }

// shape changes what no choice changes: cuts, disks that fail.
func (w *walk) shape() {
	node := rapid.SampledFrom(w.world.Nodes).Draw(w.T, "node").ID
	disk := &w.world.Nodes[node-1].Disk
	partitions := &w.world.Network
	switch rapid.IntRange(0, 4).Draw(w.T, "fault") {
	case 0:
		disk.Full = !disk.Full
	case 1:
		disk.Failing = true
	case 2:
		other := node%protocols.NodeID(len(w.world.Nodes)) + 1
		if err := partitions.Cut("one way", network.OneWay(node, other)); err != nil {
			w.Fatal(err)
		}
	case 3:
		partitions.HealAll()
	}
}

// advance makes one of the listed choices; it is biased towards progress, for
// a world that crashes all the time does nothing else.
func (w *walk) advance() {
	listed := w.world.Choices()
	if progress := slices.DeleteFunc(slices.Clone(listed), func(c sim.Choice) bool {
		return c.Kind == sim.Crash || c.Kind == sim.FailSync || c.Kind == sim.Break || c.Kind == sim.Pause || c.Kind == sim.Corrupt
	}); len(progress) > 0 && rapid.IntRange(0, 9).Draw(w.T, "spare") > 0 {
		listed = progress
	}
	c := rapid.SampledFrom(listed).Draw(w.T, "choice")
	w.world.Apply(c, &w.step)
	if !w.step.Done {
		w.Fatalf("listed %+v is not enabled", c)
	}
	w.done[c.Kind]++
}

// check holds every listed choice, and some that are not, against Apply.
func (w *walk) check() {
	before := w.bytes(w.world)
	listed := w.world.Choices()
	if again := w.world.Clone().Choices(); !slices.Equal(listed, again) {
		w.Fatalf("a clone has other choices:\n%+v\n%+v", listed, again)
	}
	set := map[sim.Choice]bool{}
	for _, c := range listed {
		if e, ok := essence(c); !ok || e != c || set[c] {
			w.Fatalf("%+v is listed twice or not in its own form", c)
		}
		set[c] = true
	}
	var step sim.Step
	for i := 0; i < len(listed); i += 1 + len(listed)/24 {
		clone := w.world.Clone()
		clone.Apply(listed[i], &step)
		if !step.Done {
			w.Fatalf("listed %+v is not enabled", listed[i])
		}
		if bytes.Equal(before, w.bytes(clone)) {
			w.Fatalf("%+v is done, but nothing changed", listed[i])
		}
		if listed[i].Kind == sim.Corrupt {
			if clone.Apply(listed[i], &step); step.Done {
				w.Fatalf("%+v is enabled a second time", listed[i])
			}
		}
	}
	if !bytes.Equal(before, w.bytes(w.world)) {
		w.Fatal("a step of a clone changed the original")
	}
	clone := w.world.Clone()
	for range 12 {
		c := hostile(w.T, listed)
		e, ok := essence(c)
		if want := ok && set[e]; want {
			continue // checked above
		}
		clone.Apply(c, &step)
		if step.Done {
			w.Fatalf("%+v is enabled but not listed", c)
		}
		if !bytes.Equal(before, w.bytes(clone)) {
			w.Fatalf("%+v is not enabled, but changed the world", c)
		}
	}
}

func TestChoicesAreWhatIsEnabled(t *testing.T) {
	for _, protocol := range []protocols.Protocol{zab.Protocol(), primarybackup.Protocol()} {
		for _, links := range []protocols.LinkKind{protocols.Stream, protocols.Datagram} {
			if protocol.Links == protocols.Stream && links == protocols.Datagram {
				continue // protocols that need streams may panic without
			}
			t.Run(protocol.Name+" over "+string(links), func(t *testing.T) { randomWalks(t, protocol, links) })
		}
	}
	t.Run("puppets over datagram", func(t *testing.T) {
		s := newScene(t, 3, protocols.Datagram)
		for node := protocols.NodeID(1); node <= 3; node++ {
			for range 4 {
				s.do(0, node, say(node%3+1, "a"), say((node+1)%3+1, "b"), write("x", "y"),
					protocols.SetTimer{Timer: protocols.Timer{Name: "tick"}, Max: ms})
			}
		}
		walks(t, &s.setup)
	})
}

func randomWalks(t *testing.T, protocol protocols.Protocol, links protocols.LinkKind) {
	setup := replicated(t, protocol, 3, 2, 3)
	setup.Links = links
	setup.Clients[0].Contacts = []protocols.NodeID{1, 2, 3}
	walks(t, setup)
}

func walks(t *testing.T, setup *sim.Setup) {
	done := map[sim.Kind]int{}
	rapid.Check(t, func(t *rapid.T) {
		world, err := sim.NewWorld(setup)
		if err != nil {
			t.Fatal(err)
		}
		w := &walk{T: t, world: world, done: done}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			if rapid.IntRange(0, 19).Draw(t, "shape") == 0 {
				w.shape()
			}
			w.advance()
			if rapid.IntRange(0, 29).Draw(t, "check") == 0 {
				w.check()
			}
		}
		w.check()
	})
	for kind := sim.Deliver; kind <= sim.Lose; kind++ {
		impossible := kind == sim.Drop || kind == sim.Duplicate
		if world, _ := sim.NewWorld(setup); world.Network.Kind == protocols.Datagram {
			impossible = kind == sim.Break
		}
		if (done[kind] == 0) != impossible {
			t.Errorf("%v was done %d times", kind, done[kind])
		}
	}
}

func TestChoicesOfANewWorld(t *testing.T) {
	setup := replicated(t, zab.Protocol(), 3, 2, 3)
	world, err := sim.NewWorld(setup)
	if err != nil {
		t.Fatal(err)
	}
	got := world.Choices()
	want := []sim.Choice{
		{Kind: sim.Restart, Node: 1},
		{Kind: sim.Restart, Node: 2},
		{Kind: sim.Restart, Node: 3},
		{Kind: sim.Invoke, Client: 1},
		{Kind: sim.Invoke, Client: 2},
	}
	if !slices.Equal(got, want) {
		t.Errorf("a new world has choices %+v, want %+v", got, want)
	}
}
