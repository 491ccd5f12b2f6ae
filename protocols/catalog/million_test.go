package catalog_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/paxos"
	"quorumlab/protocols/primarybackup"
	"quorumlab/protocols/state"
	"quorumlab/protocols/zab"
	"quorumlab/sim"
)

var commands = flag.Int("commands", 30_000, "commands of TestMemoryIsBounded; a million is what it is for")

// The limits that a protocol with compaction must keep to, whatever the number
// of commands. The state machine has a hundred keys; at most machine.SessionLimit
// sessions are open, and of EndedPerSession times as many the numbers are kept.
const (
	every        = 500     // commands after which a snapshot is taken
	logMost      = 1200    // records on a disk
	nodeMost     = 400_000 // bytes of a node
	snapshotMost = 150_000 // bytes of a snapshot
	flyingMost   = 1000    // messages under way
	pendingMost  = 500     // writes of a node that are not yet forced
	timersMost   = 5       // of a node
)

// TestMemoryIsBounded drives each protocol that replaces its log by snapshots
// through many commands of clients that come and go, a crash of a node and one of
// the leader's included, and measures what nodes, disks and links hold meanwhile.
func TestMemoryIsBounded(t *testing.T) {
	snapshots := fmt.Sprint(every)
	for name, set := range map[string]map[string]string{
		"zab":           {"snapCount": snapshots, "commitLogCount": "100", "sessionTimeout": "0"},
		"paxos":         {"snapshot": snapshots},
		"primarybackup": {"snapshot_every": snapshots, "replication": "sync"},
	} {
		t.Run(name, func(t *testing.T) {
			protocol, err := catalog.Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			parameters, err := catalog.Parameters(protocol, set)
			if err != nil {
				t.Fatal(err)
			}
			marathon(t, protocol, parameters)
		})
	}
}

// Each client asks so much, one thing after the other, and goes.
const (
	commandsEach = 25
	clientStart  = 8 * time.Millisecond // between two clients
)

func marathon(t *testing.T, protocol protocols.Protocol, parameters map[string]string) {
	codec, err := state.NewCodec(append(catalog.Types(), sim.Types()...)...)
	if err != nil {
		t.Fatal(err)
	}
	setup := &sim.Setup{
		Protocol: protocol, Tick: 100 * time.Millisecond, Parameters: parameters, Names: []string{"n1", "n2", "n3"},
		Machine: func() protocols.StateMachine { return machine.NewKV() }, Codec: codec, Clients: runners(*commands),
	}
	world, err := sim.NewWorld(setup)
	if err != nil {
		t.Fatal(err)
	}
	delay := func() network.Distribution { return network.UniformDelay(200*time.Microsecond, time.Millisecond) }
	s := sim.NewSimulator(world, sim.Config{
		Seed:          1,
		Conditions:    func(_, _ protocols.NodeID) network.Conditions { return network.Conditions{Delay: delay()} },
		DiskLatency:   func(protocols.NodeID) network.Distribution { return delay() },
		StreamTimeout: time.Second, DialTimeout: 100 * time.Millisecond,
	})
	w := &watch{t: t, codec: codec}
	s.Watch(w)
	inflict := func(kind sim.FaultKind, node protocols.NodeID) {
		if err := s.Inflict(sim.Fault{Kind: kind, Node: node}); err != nil {
			t.Fatal(err)
		}
	}
	for node := range protocols.NodeID(3) {
		inflict(sim.RestartNode, node+1)
	}
	whole := time.Duration(len(setup.Clients))*clientStart + 2*time.Second
	for i, node := range []protocols.NodeID{2, 3, 1, 2} { // whoever leads is among them
		if _, err := s.RunUntil(whole*time.Duration(i+1)/6, nil); err != nil {
			t.Fatal(err)
		}
		inflict(sim.CrashNode, node)
		if _, err := s.RunUntil(s.World.Now+time.Second, nil); err != nil {
			t.Fatal(err)
		}
		inflict(sim.RestartNode, node)
	}
	for w.over < *commands && s.World.Now < 4*whole+time.Minute {
		if _, err := s.RunUntil(s.World.Now+time.Second, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.look(s.World)
	if w.over < *commands || w.done < *commands*8/10 {
		t.Errorf("%d of %d commands ended by %v, %d of them well", w.over, *commands, s.World.Now, w.done)
	}
	if w.open < min(machine.SessionLimit, len(setup.Clients)) {
		t.Errorf("of %d clients there were never more than %d sessions", len(setup.Clients), w.open)
	}
	t.Logf("%d commands in %d steps; at most: %d records, a node of %d bytes, a snapshot of %d, %d sessions and %d ended, %d messages, %d unforced writes, %d timers",
		w.done, s.Steps, w.log, w.node, w.snapshot, w.open, w.ended, w.flying, w.pending, w.timers)
}

// runners returns clients with so many commands together. The commands are puts
// to a hundred keys.
func runners(commands int) []sim.Client {
	puts := make([]protocols.Command, 100)
	for i := range puts {
		puts[i] = machine.Command{Op: machine.Put, Key: fmt.Sprint("key ", i), Value: fmt.Sprint("value ", i)}
	}
	var clients []sim.Client
	for made := 0; made < commands; {
		id := protocols.ClientID(len(clients) + 1)
		home := protocols.NodeID(id%3 + 1)
		client := sim.Client{
			ID: id, Place: home, Contacts: []protocols.NodeID{home, home%3 + 1, (home+1)%3 + 1}, Timeout: 3 * time.Second,
			Script: make([]sim.Operation, 0, commandsEach),
		}
		for range min(commandsEach, commands-made) {
			made++
			client.Script = append(client.Script, sim.Operation{
				Number: made, At: 2*time.Second + time.Duration(id)*clientStart, Command: puts[made%len(puts)],
			})
		}
		clients = append(clients, client)
	}
	return clients
}

// watch measures a run.
type watch struct {
	t     *testing.T
	codec *state.Codec
	bytes []byte
	// over counts the commands that ended, done those that succeeded.
	over, done                       int
	log, node, snapshot, open, ended int
	flying, pending, timers          int
}

// Observe implements sim.Observer.
func (o *watch) Observe(w *sim.World, step *sim.Step) {
	if !step.Client.Returned {
		return
	}
	if o.over++; step.Client.Outcome == sim.OK {
		o.done++
	}
	if o.over%100 == 0 {
		o.count(w)
	}
	if o.over%(*commands/30) == 0 {
		o.look(w)
	}
}

// count measures what is cheap to measure.
func (o *watch) count(w *sim.World) {
	flying := 0
	for i := range w.Network.Links {
		flying += len(w.Network.Links[i].Queue)
	}
	o.most(&o.flying, flying, flyingMost, "messages under way")
	for i := range w.Nodes {
		o.most(&o.log, len(w.Nodes[i].Disk.Durable.Log), logMost, "records on a disk")
		o.most(&o.pending, w.Nodes[i].Disk.Unforced(), pendingMost, "unforced writes")
		o.most(&o.timers, len(w.Nodes[i].Timers), timersMost, "timers")
	}
}

// look measures what takes long.
func (o *watch) look(w *sim.World) {
	for i := range w.Nodes {
		if w.Nodes[i].Up {
			o.bytes, _ = o.codec.AppendCanonical(o.bytes[:0], w.Nodes[i].Node)
			o.most(&o.node, len(o.bytes), nodeMost, "bytes of a node")
		}
		if sessions := sessionsOf(w.Nodes[i].Node); sessions != nil {
			o.most(&o.open, len(sessions.Open), machine.SessionLimit, "open sessions")
			o.most(&o.ended, len(sessions.Ended), machine.EndedPerSession*machine.SessionLimit, "ended sessions")
		}
		o.bytes, _ = o.codec.AppendCanonical(o.bytes[:0], w.Nodes[i].Disk.Durable.Snapshot)
		o.most(&o.snapshot, len(o.bytes), snapshotMost, "bytes of a snapshot")
	}
}

// sessionsOf returns the sessions of a node, nil if it is down.
func sessionsOf(node protocols.Node) *machine.Sessions {
	switch n := node.(type) {
	case *zab.Node:
		return &n.Sessions
	case *paxos.Node:
		return &n.Sessions
	case *primarybackup.Node:
		return &n.Sessions
	}
	return nil
}

// most keeps a maximum, and fails if it is too much.
func (o *watch) most(highest *int, now, limit int, what string) {
	if now > limit && *highest <= limit {
		o.t.Errorf("after %d commands: %d %s, at most %d are allowed", o.over, now, what, limit)
	}
	*highest = max(*highest, now)
}
