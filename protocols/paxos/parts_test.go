package paxos

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state"
)

// frame is what a driver's frame holds.
const frame = 16 << 20

// TestLeaderIsElectedAmongLargeVotes: a leader dies with three transactions of 8 MiB
// under way, which the others have accepted. What does not go into a frame never
// arrives; somebody is elected all the same, and nothing is lost.
func TestLeaderIsElectedAmongLargeVotes(t *testing.T) {
	codec, err := state.NewCodec(Protocol().Types...)
	if err != nil {
		t.Fatal(err)
	}
	c := newCluster(t, nil)
	var command machine.Transaction
	for i := range 8 {
		command.Commands = append(command.Commands, machine.Command{Op: machine.Put, Key: fmt.Sprint("k", i), Value: strings.Repeat("v", 1<<20-100)})
	}
	for i := range 8 {
		c.step(1, protocols.Requested{Client: protocols.ClientID(i + 1), Request: 1, Command: command})
	}
	deliver := func(silent protocols.NodeID) {
		for at := 0; at < len(c.queue); at++ {
			if received, ok := c.queue[at].event.(protocols.Received); ok {
				_, vote := received.Message.(Accepted)
				if vote && silent == 0 || c.queue[at].to == silent || received.From == silent || len(codec.Canonical(received.Message)) > frame {
					continue
				}
			}
			c.step(c.queue[at].to, c.queue[at].event)
		}
		c.queue = c.queue[:0]
	}
	deliver(0)
	if c.nodes[1].Chosen != 0 || c.nodes[2].Log.next() != 4 || c.nodes[3].Log.next() != 4 {
		t.Fatalf("%d are chosen, %d and %d accepted", c.nodes[1].Chosen, c.nodes[2].Log.next()-1, c.nodes[3].Log.next()-1)
	}
	for round := 0; !c.nodes[2].leads(); round++ {
		if round == 40 {
			t.Fatalf("nobody is elected: node 2 is %v", c.nodes[2].Leading.Stage)
		}
		c.step(2, protocols.TimerFired{Timer: protocols.Timer{Name: timerTick}})
		c.step(3, protocols.TimerFired{Timer: protocols.Timer{Name: timerTick}})
		if c.nodes[2].Armed {
			c.step(2, protocols.TimerFired{Timer: protocols.Timer{Name: timerElection}})
		}
		deliver(1)
	}
	if c.nodes[2].Chosen != 3 {
		t.Errorf("%d are chosen, want 3", c.nodes[2].Chosen)
	}
}

// TestPromisesInParts: whatever is lost, doubled or late of promises in parts, and
// whoever restarts or loses its disk between two parts, no candidate proposes anything
// but what the whole promises of a quorum leave it, and at last one leads.
func TestPromisesInParts(t *testing.T) {
	var seen struct{ parts, restarts, losses int }
	for seed := range uint64(300) {
		s := newSoup(t, seed)
		for range 400 {
			s.stir()
		}
		for round := 0; s.nodes[1].Leading.Stage != Established; round++ {
			if round == 2000 {
				t.Fatalf("seed %d: node 1 is %v", seed, s.nodes[1].Leading.Stage)
			}
			s.calm()
		}
		seen.parts, seen.restarts, seen.losses = seen.parts+s.parts, seen.restarts+s.restarts, seen.losses+s.losses
	}
	if seen.parts < 3000 || seen.restarts < 100 || seen.losses < 20 {
		t.Errorf("this shows little: %+v", seen)
	}
}

// TestPartsThatCount: a promise counts when its last part has come and none before it
// is missing, all of one acceptor.
func TestPartsThatCount(t *testing.T) {
	type parts []PromisePart
	for name, test := range map[string]struct {
		parts  parts
		counts bool
	}{
		"in order":                     {parts{{First: 1, Next: 5}, {First: 5, Next: 9}, {First: 9}}, true},
		"doubled, and one late":        {parts{{First: 1, Next: 5}, {First: 1, Next: 5}, {First: 5, Next: 9}, {First: 1, Next: 7}, {First: 9}}, true},
		"one that goes over another":   {parts{{First: 1, Next: 5}, {First: 3}}, true},
		"the last is missing":          {parts{{First: 1, Next: 5}, {First: 5, Next: 9}}, false},
		"the first is missing":         {parts{{First: 5}}, false},
		"one is missing":               {parts{{First: 1, Next: 5}, {First: 9}}, false},
		"of another acceptor":          {parts{{First: 1, Next: 5}, {First: 5, Incarnation: 2}}, false},
		"of another acceptor, doubled": {parts{{First: 1, Next: 5}, {First: 5, Incarnation: 2}, {First: 5, Incarnation: 2}}, false},
		"of one that is gone":          {parts{{First: 1, Next: 5, Incarnation: 2}, {First: 5, Incarnation: 1}}, false},
		"another acceptor's from the first on": {parts{
			{First: 1, Next: 5}, {First: 5, Incarnation: 2}, {First: 1, Next: 3, Incarnation: 2}, {First: 3, Incarnation: 2},
		}, true},
		"of another ballot": {parts{{First: 1, Next: 5}, {First: 5, Ballot: ballotOf(3, 1)}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSoup(t, 1)
			for s.nodes[1].Leading.Stage != Preparing {
				s.tick()
			}
			for len(s.writes[1]) > 0 {
				s.sync(1)
			}
			for _, part := range test.parts {
				part.Incarnation = max(part.Incarnation, 1)
				if part.Ballot == 0 {
					part.Ballot = s.nodes[1].Leading.Ballot
				}
				s.step(1, protocols.Received{From: 2, Message: part})
			}
			if counts := s.nodes[1].Leading.Answered&bit(1) != 0; counts != test.counts {
				t.Errorf("it counts: %v, want %v", counts, test.counts)
			}
		})
	}
}

// TestPartsTakeTheirTime: an attempt to lead goes on as long as parts come.
func TestPartsTakeTheirTime(t *testing.T) {
	s := newSoup(t, 1)
	for s.nodes[1].Leading.Stage != Preparing {
		s.tick()
	}
	ballot := s.nodes[1].Leading.Ballot
	for len(s.writes[1]) > 0 {
		s.sync(1)
	}
	for part := range uint64(5) {
		for range s.nodes[1].attempt() - 1 {
			s.tick()
		}
		s.step(1, protocols.Received{From: 2, Message: PromisePart{Ballot: ballot, Incarnation: 1, First: part + 1, Next: part + 2}})
	}
	if g := s.nodes[1].Leading; g.Ballot != ballot {
		t.Errorf("ballot %v was given up for %v", ballot, g.Ballot)
	}
	for range s.nodes[1].attempt() + 1 {
		s.tick()
	}
	if g := s.nodes[1].Leading; g.Ballot == ballot {
		t.Errorf("ballot %v is not given up, though nothing comes any more", ballot)
	}
}

// soup is five acceptors with votes on their disks, and what is on its way between
// them. Only node 1 tries to lead.
type soup struct {
	t      *testing.T
	random *rand.Rand
	config protocols.Config
	nodes  [6]*Node
	disks  [6]protocols.Disk
	writes [6][]protocols.Persist // under way
	flying []letter
	out    protocols.Effects
	// cast is what was ever voted for, by slot and ballot.
	cast   map[uint64]map[Ballot]protocols.Record
	stage  Stage
	ballot Ballot

	parts, restarts, losses int
}

func newSoup(t *testing.T, seed uint64) *soup {
	s := &soup{t: t, random: rand.New(rand.NewPCG(seed, 1)), cast: map[uint64]map[Ballot]protocols.Record{}}
	s.config = protocols.Config{Nodes: []protocols.NodeID{1, 2, 3, 4, 5}, Tick: 100, Parameters: map[string]string{}}
	for _, p := range Protocol().Parameters {
		s.config.Parameters[p.Name] = p.Default
	}
	s.config.Parameters["prevote"] = "off"
	large := strings.Repeat("v", 200<<10)
	for id := protocols.NodeID(1); id <= 5; id++ {
		s.apply(id, protocols.SetMeta{Meta: Meta{
			Promised: ballotOf(4, 5), Incarnation: 1, Confirmed: true, Registered: []uint32{1, 1, 1, 1, 1},
		}})
		for slot := uint64(1); slot <= 12; slot++ {
			if ballot := ballotOf(1+s.random.Uint64N(4), 5); s.random.IntN(4) > 0 {
				command := machine.Command{Op: machine.Put, Key: fmt.Sprint(slot, " in ", ballot), Value: large[int(slot+ballot.Number())%2*len(large):]}
				s.apply(id, protocols.Append{Record: Vote{Slot: slot, Ballot: ballot, Value: Command{Command: command}}})
			}
		}
		s.boot(id)
	}
	return s
}

func (s *soup) boot(id protocols.NodeID) {
	s.config.Self, s.config.Machine = id, machine.NewKV()
	node, err := Protocol().New(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.nodes[id], s.writes[id] = node.(*Node), nil
	disk := s.disks[id]
	disk.Log = append([]protocols.Record(nil), disk.Log...)
	s.step(id, protocols.Recovered{Disk: disk})
}

func (s *soup) step(id protocols.NodeID, event protocols.Event) {
	s.out = s.out[:0]
	s.nodes[id].Step(0, event, &s.out)
	for _, effect := range s.out {
		switch x := effect.(type) {
		case protocols.Send:
			s.inspect(id, x.Message)
			s.flying = append(s.flying, letter{x.To, protocols.Received{From: id, Message: x.Message}})
		case protocols.Persist:
			s.writes[id] = append(s.writes[id], x)
		}
	}
	if g := &s.nodes[1].Leading; id == 1 && (g.Stage != s.stage || g.Ballot != s.ballot) {
		if s.stage, s.ballot = g.Stage, g.Ballot; g.Stage >= Recovering {
			s.judge()
		}
	}
}

// inspect looks at what leaves a node.
func (s *soup) inspect(id protocols.NodeID, message protocols.Message) {
	if vow, ok := message.(protocols.Vow); ok {
		if missing := vow.Kept(s.disks[id]); missing != "" {
			s.t.Fatalf("node %d says %T: %s", id, message, missing)
		}
	}
	var votes []Vote
	switch m := message.(type) {
	case Promise:
		votes = m.Accepted
	case PromisePart:
		votes = m.Accepted
		s.parts++
	}
	if len(votes) > 0 && !fits(votes[:len(votes)-1]) {
		s.t.Fatalf("node %d tells %d votes at once", id, len(votes))
	}
}

// judge holds what a candidate that has its quorum proposes, or is about to, against
// the votes on the disks of the acceptors that it counts: in each slot the value of the
// highest of them, or of one that is higher still (P2c).
func (s *soup) judge() {
	n := s.nodes[1]
	proposed := map[uint64]protocols.Record{}
	for _, vote := range n.Leading.Inherited {
		proposed[vote.Slot] = vote.Value
	}
	for slot := n.Chosen + 1; slot < n.Leading.Next; slot++ {
		proposed[slot] = n.Log.at(slot).Value
	}
	highest := map[uint64]Ballot{}
	for p := range n.Nodes {
		if n.Leading.Answered&bit(p) == 0 || n.Leading.Incarnations[p] != 1 {
			continue
		}
		for _, record := range s.disks[p+1].Log {
			if vote := record.(Vote); vote.Slot > n.Chosen && vote.Ballot < n.Leading.Ballot {
				highest[vote.Slot] = max(highest[vote.Slot], vote.Ballot)
			}
		}
	}
	for slot, ballot := range highest {
		allowed := false
		for other, value := range s.cast[slot] {
			allowed = allowed || other >= ballot && other < n.Leading.Ballot && value == proposed[slot]
		}
		if !allowed {
			s.t.Fatalf("in slot %d a vote in %v is the highest of the quorum, and node 1 proposes %.60v", slot, ballot, proposed[slot])
		}
	}
}

// apply makes a write, and remembers the vote that it is.
func (s *soup) apply(id protocols.NodeID, write protocols.Write) {
	s.disks[id].Apply(write)
	if a, ok := write.(protocols.Append); ok {
		vote := a.Record.(Vote)
		if s.cast[vote.Slot] == nil {
			s.cast[vote.Slot] = map[Ballot]protocols.Record{}
		}
		s.cast[vote.Slot][vote.Ballot] = vote.Value
	}
}

// stir lets one thing happen.
func (s *soup) stir() {
	id := protocols.NodeID(1 + s.random.IntN(5))
	switch s.random.IntN(40) {
	case 0:
		s.tick()
	case 1, 2:
		if id != 1 {
			s.boot(id)
			s.restarts++
		}
	case 3:
		if id == 5 && s.losses == 0 && s.nodes[1].Leading.Stage < Recovering {
			s.disks[id] = protocols.Disk{}
			s.boot(id)
			s.losses++
		}
	case 4, 5, 6, 7, 8, 9:
		s.sync(id)
	default:
		s.deliver(s.random.IntN(10) > 0, s.random.IntN(10) == 0)
	}
}

// calm lets all arrive and be written, and time pass.
func (s *soup) calm() {
	for range len(s.flying) {
		s.deliver(true, false)
	}
	for id := range s.nodes[1:] {
		s.sync(protocols.NodeID(id + 1))
	}
	s.tick()
}

func (s *soup) tick() {
	for id := range s.nodes[1:] {
		s.step(protocols.NodeID(id+1), protocols.TimerFired{Timer: protocols.Timer{Name: timerTick}})
	}
	if s.nodes[1].Armed {
		s.step(1, protocols.TimerFired{Timer: protocols.Timer{Name: timerElection}})
	}
}

func (s *soup) sync(id protocols.NodeID) {
	if len(s.writes[id]) == 0 {
		return
	}
	persist := s.writes[id][0]
	s.writes[id] = s.writes[id][1:]
	for _, write := range persist.Writes {
		s.apply(id, write)
	}
	s.step(id, protocols.Persisted{Mark: persist.Mark})
}

func (s *soup) deliver(arrives, again bool) {
	if len(s.flying) == 0 {
		return
	}
	at := s.random.IntN(len(s.flying))
	l := s.flying[at]
	if !again {
		s.flying[at] = s.flying[len(s.flying)-1]
		s.flying = s.flying[:len(s.flying)-1]
	}
	if arrives {
		s.step(l.to, l.event)
	}
}
