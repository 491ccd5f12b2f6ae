package tcp_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"quorumlab/network/tcp/proxy"
	"quorumlab/protocols"
)

// life is one life of a puppet.
type life struct {
	id     protocols.NodeID
	number int
	puppet *puppet
}

// storm strikes real sockets with faults while all nodes send.
type storm struct {
	*lab
	random *rand.Rand
	lives  []life
	sent   int
	seen   map[string]int
	// arrived counts the messages that were judged.
	arrived int
}

func (s *storm) pair() (from, to protocols.NodeID) {
	from = protocols.NodeID(1 + s.random.IntN(3))
	to = protocols.NodeID(1 + (int(from)+s.random.IntN(2))%3)
	return from, to
}

// strike does one thing, and tells which.
func (s *storm) strike() string {
	from, to := s.pair()
	switch n := s.random.IntN(20); {
	case n < 13:
		var messages []protocols.Message
		for range 1 + s.random.IntN(20) {
			s.sent++
			messages = append(messages, fmt.Sprintf("m%d", s.sent))
		}
		s.send(from, to, messages...)
		return "send"
	case n < 15:
		if s.mesh.Break(from, to) > 0 {
			return "break"
		}
	case n < 16:
		s.mesh.Cut(proxy.Pair{From: from, To: to})
		return "cut"
	case n < 18:
		s.mesh.Heal()
		return "heal"
	case n < 19:
		s.mesh.Corrupt(proxy.Pair{From: from, To: to})
		return "corrupt"
	default:
		s.crash(from)
		s.restart(from)
		s.lives = append(s.lives, life{from, len(s.lives), s.nodes[from]})
		return "restart"
	}
	return "nothing"
}

// TestStreamContractInAStorm: whatever breaks, what a node is told keeps to the
// contract of protocols.Received and protocols.Disconnected. Faults come at instants
// that no seed decides, so a failure may not come again.
func TestStreamContractInAStorm(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	s := &storm{
		lab: newLab(t, 3, protocols.Stream, nil), random: rand.New(rand.NewPCG(seed, 0)), seen: map[string]int{},
	}
	for id := protocols.NodeID(1); id <= 3; id++ {
		s.lives = append(s.lives, life{id, int(id) - 1, s.nodes[id]})
	}
	for n := 0; n < 3000 || len(s.seen) < 6; n++ {
		s.seen[s.strike()]++
	}
	s.mesh.Heal()
	s.calm()
	for _, from := range s.lives {
		for _, to := range s.lives {
			if from.id != to.id {
				s.judge(from, to)
			}
		}
	}
	t.Logf("%d of %d messages arrived, %v", s.arrived, s.sent, s.seen)
	if s.arrived < 100 {
		t.Error("too few to tell anything")
	}
}

// calm waits until the last message that each node sends to each other arrives.
func (s *storm) calm() {
	s.t.Helper()
	for from := range s.nodes {
		for to := range s.nodes {
			for arrived := from == to; !arrived; {
				s.sent++
				word := fmt.Sprintf("m%d", s.sent)
				before := len(s.nodes[from].all())
				s.send(from, to, word)
				mark := fmt.Sprintf("%d:-", to)
				s.wait("calm", func() bool {
					arrived = slices.Contains(s.nodes[to].all(), fmt.Sprintf("%d:%s", from, word))
					return arrived || slices.Contains(s.nodes[from].all()[before:], mark)
				})
			}
		}
	}
}

// judge compares what one life sent to another node with what a life of that got.
func (s *storm) judge(from, to life) {
	s.t.Helper()
	sessions := from.sessions(to.id)
	var all []string
	of, place := map[string]int{}, map[string]int{}
	for i, session := range sessions {
		for _, message := range session {
			of[message], place[message] = i, len(all)
			all = append(all, message)
		}
	}
	last := -1
	got := make([]int, len(sessions)) // how many of a session arrived
	for _, run := range to.runs(from.id) {
		for i, message := range run {
			at, ours := place[message]
			switch {
			case !ours: // of another life of the sender
				continue
			case at <= last:
				s.t.Fatalf("%v to %v: %s arrives after %s", from, to, message, all[last])
			case i > 0 && at != last+1:
				s.t.Fatalf("%v to %v: a gap before %s, without news of a break", from, to, message)
			}
			last = at
			s.arrived++
			if session := of[message]; sessions[session][got[session]] != message {
				s.t.Fatalf("%v to %v: %s arrives, but not %s, sent before it without news of a break", from, to, message, sessions[session][got[session]])
			} else {
				got[session]++
			}
		}
	}
	// If both still live, all that was sent since the last break has arrived.
	final := len(sessions) - 1
	if s.nodes[from.id] == from.puppet && s.nodes[to.id] == to.puppet && got[final] != len(sessions[final]) {
		s.t.Fatalf("%v to %v: %d of the last %d arrived, without news of a break", from, to, got[final], len(sessions[final]))
	}
}

// sessions returns what a life sent to a node, between the breaks that it was told of.
func (l life) sessions(to protocols.NodeID) [][]string {
	return l.split(fmt.Sprintf(">%d:", to), fmt.Sprintf("%d:-", to))
}

// runs returns what a life got from a node, between those breaks.
func (l life) runs(from protocols.NodeID) [][]string {
	return l.split(fmt.Sprintf("%d:m", from), fmt.Sprintf("%d:-", from))
}

func (l life) split(prefix, mark string) [][]string {
	l.puppet.mu.Lock()
	defer l.puppet.mu.Unlock()
	parts := [][]string{nil}
	for _, word := range l.puppet.did {
		if word == mark {
			parts = append(parts, nil)
		} else if strings.HasPrefix(word, prefix) {
			parts[len(parts)-1] = append(parts[len(parts)-1], "m"+word[strings.IndexByte(word, 'm')+1:])
		}
	}
	return parts
}

func (l life) String() string { return fmt.Sprintf("node %d (life %d)", l.id, l.number) }
