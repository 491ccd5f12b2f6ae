package checker_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/checker"
	"quorumlab/protocols"
	"quorumlab/sim"
)

func tells(node protocols.NodeID, kind protocols.NoteKind, ballot, slot uint64, value any) act {
	return does(node, protocols.Note{Kind: kind, Term: ballot, Slot: slot, Value: value})
}

func promises(ballot uint64, nodes ...protocols.NodeID) []act {
	var acts []act
	for _, node := range nodes {
		acts = append(acts, tells(node, protocols.Promised, ballot, 0, nil))
	}
	return acts
}

func accepts(ballot, slot uint64, value any, nodes ...protocols.NodeID) []act {
	var acts []act
	for _, node := range nodes {
		acts = append(acts, tells(node, protocols.Accepted, ballot, slot, value))
	}
	return acts
}

func proposes(node protocols.NodeID, ballot, slot uint64, value any) []act {
	return []act{tells(node, protocols.Proposed, ballot, slot, value)}
}

func chooses(node protocols.NodeID, ballot, slot uint64, value any) []act {
	return []act{tells(node, protocols.Chosen, ballot, slot, value)}
}

func configures(node protocols.NodeID, decided, from uint64, members ...protocols.NodeID) []act {
	return []act{tells(node, protocols.Configured, decided, from, members)}
}

// leases lets a node hold the lease until its clock reads so many milliseconds.
// Step i of a run is at i milliseconds.
func leases(node protocols.NodeID, ballot uint64, until time.Duration) []act {
	return []act{tells(node, protocols.Leased, ballot, 0, int64(until*time.Millisecond))}
}

func lapses(node protocols.NodeID) []act { return []act{tells(node, protocols.Lapsed, 0, 0, nil)} }

func loses(node protocols.NodeID) []act { return []act{tells(node, protocols.Lost, 0, 0, nil)} }

func run(parts ...[]act) []act { return slices.Concat(parts...) }

// soundBallots is a run of acceptors in which a value survives two leaders, a
// disk is lost, and the members change.
func soundBallots() []act {
	return run(
		configures(1, 0, 1, 1, 2, 3),
		promises(10, 1, 2), proposes(1, 10, 1, "x"), accepts(10, 1, "x", 1),
		promises(11, 2, 3), proposes(2, 11, 1, "y"), accepts(11, 1, "y", 2, 3), chooses(2, 11, 1, "y"),
		accepts(11, 2, "lost with n1", 1), loses(1), promises(9, 1),
		promises(12, 3, 1), proposes(3, 12, 1, "y"), proposes(3, 12, 2, "z"), accepts(12, 2, "z", 3, 1), chooses(3, 12, 2, "z"),
		configures(3, 2, 3, 2, 3), configures(1, 2, 3, 2, 3),
		promises(12, 2), proposes(3, 12, 3, "w"), accepts(12, 3, "w", 1, 2, 3), chooses(3, 12, 3, "w"),
		leases(1, 1, 1), leases(2, 2, 1_000_000), lapses(2), leases(3, 3, 1_000_000), leases(3, 3, 2_000_000),
	)
}

func brokenBallots() []brokenRun {
	return slices.Concat(brokenChoices(), brokenVotes(), brokenInstances())
}

func brokenChoices() []brokenRun {
	return []brokenRun{
		{
			"two values are chosen",
			run(
				proposes(1, 0, 1, "x"), proposes(2, 0, 2, "x"), accepts(0, 1, "x", 1, 2),
				promises(2, 2, 3), proposes(2, 2, 1, "y"), accepts(2, 1, "y", 3, 2),
			),
			[]string{"agreement", "p2c"},
			9,
			"in slot 1 x was chosen in ballot 0 (n2, step 4), and now y is in ballot 2 (n2)",
		},
		{
			"two leaders each count well and choose something else",
			run(
				proposes(1, 0, 1, "x"), accepts(0, 1, "x", 1, 2), chooses(1, 0, 1, "x"),
				promises(2, 1, 3), proposes(2, 2, 1, "y"), accepts(2, 1, "y", 1, 3), chooses(2, 2, 1, "y"),
			),
			[]string{"agreement", "p2c"},
			9,
			"in slot 1 x was chosen in ballot 0 (n2, step 3), and now y is in ballot 2 (n3)",
		},
		{
			"chosen out of nowhere",
			run(accepts(0, 1, "x", 1, 2), chooses(1, 0, 1, "x")),
			[]string{"validity"},
			3,
			"n1 says that in slot 1 x is chosen, which nobody proposed there",
		},
		{
			"chosen what no client asked",
			run(proposes(1, 0, 1, asked(1, 7)), accepts(0, 1, asked(1, 7), 1, 2), chooses(1, 0, 1, asked(1, 7))),
			[]string{"validity"},
			4,
			"n1 says that in slot 1 request 7 of c1 is chosen, which was never asked",
		},
		{
			"a ballot is used twice",
			run(proposes(1, 0, 1, "x"), proposes(2, 0, 1, []int{1})),
			[]string{"one-value-a-ballot"},
			2,
			"in slot 1 n2 takes [1] in ballot 0, in which x was proposed",
		},
		{
			"two acceptors take two values in one ballot",
			run(accepts(0, 1, "x", 1), accepts(0, 1, "y", 2)),
			[]string{"one-value-a-ballot"},
			2,
			"in slot 1 n2 takes y in ballot 0, in which n1 accepted x",
		},
		{
			"proposed without a quorum of promises",
			run(promises(5, 1), proposes(1, 5, 1, "x")),
			[]string{"p2c"},
			2,
			"n1 proposed x in slot 1 and ballot 5, which 1 of n1, n2, n3 have promised, not 2",
		},
		{
			"own value instead of the one accepted",
			run(accepts(1, 1, "x", 1, 2), promises(5, 1, 2), proposes(1, 5, 1, "y")),
			[]string{"p2c"},
			5,
			"n1 proposed y in slot 1 and ballot 5, but every quorum of those who promised it had accepted something else last",
		},
		{
			"an older value instead of the newest",
			run(accepts(1, 1, "x", 1), accepts(2, 1, "y", 2), promises(5, 1, 2), proposes(1, 5, 1, "x")),
			[]string{"p2c"},
			5,
			"n1 proposed x in slot 1 and ballot 5, but every quorum of those who promised it had accepted something else last",
		},
	}
}

func brokenVotes() []brokenRun {
	return []brokenRun{
		{
			"a promise is forgotten",
			run(promises(5, 1), []act{boots(1)}, promises(4, 1)),
			[]string{"promise"},
			3,
			"n1 has promised in ballot 4, after it promised ballot 5",
		},
		{
			"accepted below the promise",
			run(accepts(5, 1, "x", 1), accepts(4, 2, "y", 1)),
			[]string{"promise"},
			2,
			"n1 has accepted in ballot 4, after it promised ballot 5",
		},
		{
			"chosen by those who do not vote",
			run(configures(1, 0, 1, 1, 2), proposes(1, 0, 1, "x"), accepts(0, 1, "x", 1, 3), chooses(1, 0, 1, "x")),
			[]string{"configuration"},
			5,
			"n1 says that slot 1 is chosen in ballot 0, in which of its configuration (n1, n2) only n1 voted, not 2",
		},
		{
			"two nodes go by other members",
			run(configures(1, 3, 7, 1, 2), configures(2, 3, 7, 2, 3)),
			[]string{"configuration"},
			2,
			"from slot 7 on n2 goes by the members n2, n3, and n1 by n1, n2 (step 1)",
		},
		{
			"a configuration comes too late",
			run(
				configures(1, 0, 1, 1, 2, 3), proposes(1, 0, 7, "x"), accepts(0, 7, "x", 1, 2), chooses(1, 0, 7, "x"),
				configures(1, 3, 6, 2, 3),
			),
			[]string{"configuration"},
			6,
			"n1 goes by the members n2, n3 from slot 6 on, when slot 7 had been chosen without them",
		},
		{
			"two hold the lease",
			run(leases(1, 1, 5), leases(2, 2, 9)),
			[]string{"lease"},
			2,
			"n1 (ballot 1, since step 1) and n2 (ballot 2, since step 2) both hold the lease",
		},
		{
			"a clock is put back into a lease",
			run(
				leases(1, 1, 2), []act{boots(3)}, leases(2, 2, 9),
				[]act{{node: 3, event: protocols.TimerFired{}, prepare: func(w *sim.World) { w.Nodes[0].Clock.Jump(4*time.Millisecond, -4*time.Millisecond) }}},
				leases(2, 2, 10),
			),
			[]string{"lease"},
			5,
			"n1 (ballot 1, since step 1) and n2 (ballot 2, since step 3) both hold the lease",
		},
	}
}

// sets gives the protocol a parameter.
func sets(name, value string) []act {
	a := does(1)
	a.prepare = func(w *sim.World) { w.Setup().Parameters = map[string]string{name: value} }
	return []act{a}
}

// promisesIn are promises about one slot, as Paxos Commit gives them.
func promisesIn(ballot, slot uint64, nodes ...protocols.NodeID) []act {
	var acts []act
	for _, node := range nodes {
		acts = append(acts, tells(node, protocols.Promised, ballot, slot, nil))
	}
	return acts
}

// brokenInstances are runs in which each slot is an instance with its own promises,
// or the parameters decide.
func brokenInstances() []brokenRun {
	return []brokenRun{
		{
			"the promise of one instance is forgotten",
			run(promisesIn(5, 3, 1), promisesIn(4, 4, 1), []act{boots(1)}, promisesIn(4, 3, 1)),
			[]string{"promise"},
			4,
			"n1 has promised in ballot 4, after it promised ballot 5",
		},
		{
			"promises of another instance are counted",
			run(promisesIn(5, 1, 1, 2), proposes(1, 5, 2, "x")),
			[]string{"p2c"},
			3,
			"n1 proposed x in slot 2 and ballot 5, which 0 of n1, n2, n3 have promised, not 2",
		},
		{
			"no fault is tolerated, and nobody is asked",
			run(sets("faults", "0"), proposes(1, 5, 2, "x")),
			[]string{"p2c"},
			2,
			"n1 proposed x in slot 2 and ballot 5, which 0 of n1, n2, n3 have promised, not 1",
		},
		{
			"a leader of an instance proposes what it likes",
			run(sets("faults", "1"), proposes(3, 0, 1, "yes"), accepts(0, 1, "yes", 1, 2), promisesIn(5, 1, 1, 2), proposes(1, 5, 1, "no")),
			[]string{"p2c"},
			7,
			"n1 proposed no in slot 1 and ballot 5, but every quorum of those who promised it had accepted something else last",
		},
		{
			"a configuration comes into force too soon",
			run(sets("alpha", "4"), configures(1, 0, 1, 1, 2, 3), configures(1, 3, 6, 2, 3)),
			[]string{"configuration"},
			3,
			"n1 goes by the members n2, n3 from slot 6 on, which slot 3 decided, less than 4 before",
		},
	}
}

// Instances whose promises are apart do not bind each other.
func TestInstancesAreApart(t *testing.T) {
	findings := judge(t, run(
		promisesIn(5, 1, 1, 2), proposes(1, 5, 1, "x"), accepts(5, 1, "x", 1),
		promisesIn(4, 2, 1, 2), proposes(2, 4, 2, "y"), accepts(4, 2, "y", 1, 2), chooses(2, 4, 2, "y"),
	))
	for _, name := range []string{"p2c", "promise", "agreement"} {
		if f := findings[name]; f.Verdict != checker.Holds || f.Checked == 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// A clock that a fault puts back is seen at once, and who stops holds nothing.
func TestLeaseSeesFaultsAndCrashes(t *testing.T) {
	set, err := checker.NewSet("lease")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	note := func(number uint64, node protocols.NodeID, until time.Duration) sim.Step {
		return sim.Step{
			Number: number, Time: time.Duration(number) * time.Second, Node: node, Event: protocols.TimerFired{},
			Effects: protocols.Effects{protocols.Note{Kind: protocols.Leased, Term: number, Value: int64(until)}},
		}
	}
	steps := []sim.Step{
		note(1, 1, 9*time.Second),
		{Number: 2, Time: 2 * time.Second, Stopped: 1},
		note(3, 2, 4*time.Second),
		note(5, 3, 9*time.Second),
	}
	for i := range steps {
		set.Observe(w, &steps[i])
	}
	if set.Violated() {
		t.Fatal("who stopped, or whose time was up, holds no lease:", set.Findings())
	}
	w.Nodes[1].Clock.Jump(6*time.Second, -5*time.Second)
	set.Observe(w, &sim.Step{Number: 6, Time: 6 * time.Second, Fault: &sim.Fault{Kind: sim.JumpClock, Node: 2}})
	if f := set.Findings()[0]; f.Verdict != checker.Violated || f.Step != 6 {
		t.Error(f)
	}
}

// synod draws what correct acceptors do in a few slots.
type synod struct {
	t        *rapid.T
	acts     []act
	ballot   uint64
	promised [4]uint64
	votes    [4]map[uint64][]ballotVote // all that it ever cast, by slot
	promises map[uint64][]protocols.NodeID
	proposed map[[2]uint64]string
	accepted map[[2]uint64]map[protocols.NodeID]bool
}

type ballotVote struct {
	ballot uint64
	value  string
}

func drawSynod(t *rapid.T) *synod {
	s := &synod{
		t: t, promises: map[uint64][]protocols.NodeID{}, proposed: map[[2]uint64]string{},
		accepted: map[[2]uint64]map[protocols.NodeID]bool{},
	}
	for i := range s.votes {
		s.votes[i] = map[uint64][]ballotVote{}
	}
	s.acts = configures(1, 0, 1, 1, 2, 3)
	for range rapid.IntRange(20, 100).Draw(t, "ballots") {
		switch what := rapid.IntRange(0, 19).Draw(t, "what"); {
		case what == 19 || s.ballot == 0:
			s.ballot++
		case what < 5:
			s.promise(s.node(), s.some())
		case what < 9:
			s.propose(s.some(), s.slot())
		default:
			s.accept(s.node(), s.some(), s.slot())
		}
	}
	return s
}

func (s *synod) node() protocols.NodeID {
	return protocols.NodeID(rapid.IntRange(1, 3).Draw(s.t, "acceptor"))
}
func (s *synod) slot() uint64 { return rapid.Uint64Range(1, 2).Draw(s.t, "slot") }

// some returns a ballot that there is, mostly the last.
func (s *synod) some() uint64 {
	if rapid.IntRange(0, 9).Draw(s.t, "older") == 9 {
		return s.ballot - 1
	}
	return s.ballot
}

func (s *synod) promise(n protocols.NodeID, ballot uint64) {
	if ballot > s.promised[n] {
		s.promised[n] = ballot
		s.promises[ballot] = append(s.promises[ballot], n)
		s.acts = append(s.acts, promises(ballot, n)...)
	}
}

func (s *synod) propose(ballot, slot uint64) {
	at := [2]uint64{ballot, slot}
	if _, done := s.proposed[at]; done || len(s.promises[ballot]) < 2 {
		return
	}
	highest := ballotVote{value: "value " + string(rune('a'+ballot))}
	for _, n := range s.promises[ballot] {
		for _, v := range s.votes[n][slot] {
			if v.ballot > highest.ballot && v.ballot < ballot {
				highest = v
			}
		}
	}
	s.proposed[at] = highest.value
	s.acts = append(s.acts, proposes(1, ballot, slot, highest.value)...)
}

func (s *synod) accept(n protocols.NodeID, ballot, slot uint64) {
	at := [2]uint64{ballot, slot}
	value, proposed := s.proposed[at]
	if !proposed || ballot < s.promised[n] {
		return
	}
	s.promised[n] = ballot
	s.votes[n][slot] = append(s.votes[n][slot], ballotVote{ballot, value})
	s.acts = append(s.acts, accepts(ballot, slot, value, n)...)
	if s.accepted[at] == nil {
		s.accepted[at] = map[protocols.NodeID]bool{}
	}
	if s.accepted[at][n] = true; len(s.accepted[at]) == 2 {
		s.acts = append(s.acts, chooses(n, ballot, slot, value)...)
	}
}

// chosen returns a slot with the value chosen in it.
func (s *synod) chosen() (slot uint64, value any, ok bool) {
	for _, a := range s.acts {
		if n := a.effects[0].(protocols.Note); n.Kind == protocols.Chosen {
			return n.Slot, n.Value, true
		}
	}
	return 0, nil, false
}

// ballotCorruptions spoil the part of a run that is about ballots.
var ballotCorruptions = []corruption{
	{"choose something else", "agreement", func(_ *rapid.T, g *soundness) ([]act, bool) {
		slot, _, ok := g.synod.chosen()
		return append(g.acts, run(accepts(1000, slot, "else", 1, 2))...), ok
	}},
	{"choose what nobody proposed", "validity", func(t *rapid.T, g *soundness) ([]act, bool) {
		return append(g.acts, chooses(1, 1000, 1, "else")...), true
	}},
	{"use a ballot twice", "one-value-a-ballot", func(t *rapid.T, g *soundness) ([]act, bool) {
		for at := range g.synod.proposed {
			return append(g.acts, accepts(at[0], at[1], "else", 3)...), true
		}
		return nil, false
	}},
	{"ignore what was chosen", "p2c", func(t *rapid.T, g *soundness) ([]act, bool) {
		slot, _, ok := g.synod.chosen()
		return append(g.acts, run(promises(1000, 1, 2, 3), proposes(1, 1000, slot, "else"))...), ok
	}},
	{"forget a promise", "promise", func(t *rapid.T, g *soundness) ([]act, bool) {
		n := g.synod.node()
		return append(g.acts, run(promises(g.synod.promised[n]+1, n), []act{boots(n)}, promises(g.synod.promised[n], n))...), true
	}},
	{"let one node choose", "configuration", func(t *rapid.T, g *soundness) ([]act, bool) {
		return append(g.acts, run(accepts(1000, 9, "x", 1), chooses(1, 1000, 9, "x"))...), true
	}},
	{"grant a lease twice", "lease", func(t *rapid.T, g *soundness) ([]act, bool) {
		return append(g.acts, run(leases(2, 1, 1_000_000), leases(1, 2, 1_000_000))...), true
	}},
}

// leaseActs hands a lease from node to node, in time. It begins after so many
// steps.
func leaseActs(t *rapid.T, steps int) []act {
	var acts []act
	for range rapid.IntRange(1, 4).Draw(t, "leases") {
		now := time.Duration(steps + len(acts) + 1)
		node := protocols.NodeID(rapid.IntRange(1, 3).Draw(t, "holder"))
		acts = append(acts, leases(node, uint64(now), now+1)...)
		if rapid.Bool().Draw(t, "lapses") {
			acts = append(acts, lapses(node)...)
		} else {
			acts = append(acts, does(1), does(1)) // it runs out
		}
	}
	return acts
}
