package checker_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/checker"
	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// vault is a participant of hand-made runs: what it holds is told to it.
type vault struct {
	idle
	locks   map[uint64]int
	balance int64
	pending map[uint64]int64
}

func (v *vault) Resource() protocols.Resource { return v }
func (v *vault) Locked(t uint64) int          { return v.locks[t] }
func (v *vault) Balance() int64               { return v.balance }
func (v *vault) Pending(t uint64) int64       { return v.pending[t] }

// at lets an act change a node's vault, which runs then.
func at(node protocols.NodeID, a act, change func(v *vault)) act {
	earlier := a.prepare
	a.prepare = func(w *sim.World) {
		if earlier != nil {
			earlier(w)
		}
		v, ok := w.Nodes[node-1].Node.(*vault)
		if !ok {
			v = &vault{locks: map[uint64]int{}, pending: map[uint64]int64{}, balance: 100}
			w.Nodes[node-1].Node = v
		}
		w.Nodes[node-1].Up = true
		change(v)
	}
	return a
}

func opens(node protocols.NodeID) act { return at(node, boots(node), func(*vault) {}) }

// alone lets a participant decide by itself, damage lets a node say that it was wrong.
func alone(node protocols.NodeID, number uint64, text string) act {
	a := decides(node, number, text)
	a.effects = slices.Insert(a.effects, 0, protocols.Effect(protocols.Note{Kind: protocols.Heuristic, Slot: number, Text: text}))
	return a
}

func damage(node protocols.NodeID, number uint64, text string) act {
	return does(node, protocols.Note{Kind: protocols.Damage, Slot: number, Text: text})
}

func undertakes(node protocols.NodeID, number uint64, participants ...protocols.NodeID) act {
	return does(node, protocols.Note{
		Kind: protocols.Begun, Slot: number, Value: protocols.Undertaking{Client: 1, Request: 1, Participants: participants},
	})
}

// votes lets a participant vote, with that many locks, for an amount.
func votes(node protocols.NodeID, number uint64, vote string, locks int, amount int64) act {
	a := does(node, protocols.Note{Kind: protocols.Voted, Slot: number, Text: vote})
	a.event = protocols.Persisted{}
	return at(node, a, func(v *vault) {
		if locks > 0 {
			v.locks[number], v.pending[number] = locks, amount
		}
	})
}

// decides lets a node carry a decision out.
func decides(node protocols.NodeID, number uint64, decision string) act {
	a := knows(node, number, decision)
	return at(node, a, func(v *vault) {
		if decision == protocols.Commit {
			v.balance += v.pending[number]
		}
		delete(v.locks, number)
		delete(v.pending, number)
	})
}

// knows lets a coordinator decide.
func knows(node protocols.NodeID, number uint64, decision string) act {
	a := does(node, protocols.Note{Kind: protocols.Decided, Slot: number, Text: decision})
	a.event = protocols.Received{}
	return a
}

func timesOut(node protocols.NodeID, number uint64) act {
	a := does(node)
	a.event = protocols.TimerFired{Timer: protocols.Timer{Name: "vote", Key: number}}
	return a
}

func falls(node protocols.NodeID) act {
	return act{prepare: func(w *sim.World) { w.Nodes[node-1].Up = false }, stopped: node}
}

// later lets the world's time go on.
func later(ms int) act {
	return act{prepare: func(w *sim.World) { w.Now = time.Duration(ms) * time.Millisecond }}
}

func asks(c protocols.Command) act {
	return act{client: sim.ClientStep{Client: 1, Command: c, Invoked: true}}
}

// moving is a command that conserves the sum.
type moving struct{}

func (moving) Conserves() bool { return true }

const (
	yes, no, reads = protocols.VoteYes, protocols.VoteNo, protocols.VoteReadOnly
	commit, abort  = protocols.Commit, protocols.Abort
	tx1            = 1<<48 | 1
)

// transfer is a transaction that n1 coordinates and takes part in, with n2.
func transfer() []act {
	return []act{
		opens(1), opens(2), opens(3), asks(moving{}), undertakes(1, tx1, 1, 2),
		votes(1, tx1, yes, 1, -5), votes(2, tx1, yes, 2, 5),
	}
}

// soundCommitment is a run in which every invariant of atomic commitment is put
// to the test and holds.
func soundCommitment() []act {
	return append(
		transfer(), knows(1, tx1, commit), decides(1, tx1, commit), falls(2), at(2, boots(2), func(*vault) {}), decides(2, tx1, commit),
		undertakes(2, 7, 1, 3), votes(1, 7, reads, 0, 0), votes(3, 7, no, 0, 0), decides(2, 7, abort),
		undertakes(3, 8, 2, 3), votes(3, 8, yes, 1, 3), timesOut(3, 8), votes(2, 8, yes, 1, -3), knows(3, 8, abort), decides(3, 8, abort),
		decides(2, 8, abort),
		// A NO that was never heard may become a YES.
		undertakes(3, 6, 1, 3), votes(1, 6, yes, 1, 0), votes(3, 6, no, 0, 0), votes(3, 6, yes, 1, 0), knows(3, 6, commit), decides(3, 6, commit),
		alone(1, 6, commit), later(5000),
	)
}

func brokenCommitments() []brokenRun {
	unlocked := func(v *vault) { delete(v.locks, tx1) }
	return []brokenRun{
		{
			"two fates",
			append(transfer(), knows(1, tx1, commit), falls(1), decides(2, tx1, abort)),
			[]string{"ac1", "conservation"},
			10,
			"n2 decided to abort transaction 1.1, which n1 had decided to commit at step 8",
		},
		{
			"a node that changes its mind",
			append(transfer(), falls(2), at(2, boots(2), func(*vault) {}), decides(2, tx1, abort), decides(2, tx1, commit)),
			[]string{"ac2", "ac1", "conservation"},
			11,
			"n2 decided to commit transaction 1.1, which it had decided to abort at step 10",
		},
		{
			"committed before all have voted",
			[]act{undertakes(1, tx1, 1, 2), votes(1, tx1, yes, 1, 0), knows(1, tx1, commit), votes(2, tx1, yes, 1, 0)},
			[]string{"ac3"},
			3,
			"n1 decided to commit transaction 1.1, for which n2 had not voted",
		},
		{
			"committed against a NO",
			[]act{undertakes(1, 9, 1, 2), votes(1, 9, yes, 1, 0), votes(2, 9, no, 0, 0), knows(1, 9, commit)},
			[]string{"ac3"},
			4,
			"n1 decided to commit transaction 9, for which n2 had voted NO at step 3",
		},
		{
			"committed out of nowhere",
			[]act{knows(1, tx1, commit)},
			[]string{"ac3"},
			1,
			"n1 decided to commit transaction 1.1, which nobody had begun",
		},
		{
			"aborted for no reason",
			append(transfer(), knows(1, tx1, abort)),
			[]string{"ac4"},
			8,
			"n1 decided to abort transaction 1.1 although all participants (n1, n2) had voted YES, and nothing was wrong",
		},
		{
			"in doubt for ever",
			append(transfer(), knows(1, tx1, commit), decides(1, tx1, commit), falls(3), opens(3), later(5000)),
			[]string{"ac5"},
			12,
			"n2 voted YES to transaction 1.1 at step 7 and has not decided by 5s, though the last fault was over at 11ms",
		},
		{
			"executed and forgotten",
			[]act{
				opens(1), opens(2), opens(3), undertakes(1, tx1, 1, 2), votes(1, tx1, no, 0, 0), decides(1, tx1, abort), falls(3), opens(3),
				at(2, later(5000), func(v *vault) { v.locks[tx1] = 2 }),
			},
			[]string{"ac5"},
			9,
			"n2 has executed transaction 1.1, has not voted, and still holds 2 locks of it by 5s, though the last fault was over at 8ms",
		},
		{
			"damage that nobody speaks of",
			append(transfer(), knows(1, tx1, commit), decides(1, tx1, commit), alone(2, tx1, abort), later(5000)),
			[]string{"heuristic-damage", "ac1", "conservation"},
			11,
			"n2 decided to abort transaction 1.1 by itself at step 10, which was decided to commit, and has not said so by 5s",
		},
		{
			"damage where there is none",
			append(transfer(), knows(1, tx1, commit), decides(1, tx1, commit), alone(2, tx1, commit), damage(2, tx1, abort)),
			[]string{"heuristic-damage"},
			11,
			"n2 says that transaction 1.1 was decided to abort, which others had decided to commit",
		},
		{
			"locks lost at a restart",
			append(transfer(), falls(2), at(2, boots(2), unlocked)),
			[]string{"in-doubt-locks"},
			9,
			"n2 holds 0 of the 2 locks of transaction 1.1, to which it voted YES at step 7 and has not decided",
		},
		{
			"money made",
			append(transfer(), knows(1, tx1, commit), decides(2, tx1, commit), at(1, decides(1, tx1, commit), func(v *vault) { v.balance += 5 })),
			[]string{"conservation"},
			10,
			"the balances sum up to 305, with 0 that is committed and under way; at first the sum was 300",
		},
	}
}

// Who decides by itself and wrongly, and says so, is as it should be; and so is who
// decides rightly, and who cannot know yet.
func TestReportedDamageHolds(t *testing.T) {
	alike := append(transfer(), knows(1, tx1, commit), decides(1, tx1, commit))
	for name, acts := range map[string][]act{
		"reported":       append(slices.Clone(alike), alone(2, tx1, abort), damage(2, tx1, commit), damage(1, tx1, commit), later(5000)),
		"right":          append(slices.Clone(alike), alone(2, tx1, commit), later(5000)),
		"still too soon": append(slices.Clone(alike), alone(2, tx1, abort), later(40)),
	} {
		want := map[string]uint64{"reported": 3, "right": 1}[name]
		if f := judge(t, acts)["heuristic-damage"]; f.Verdict != checker.Holds || f.Checked != want {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// Nothing is demanded that cannot be: while a node is down, soon after a fault,
// of a node that has halted.
func TestTerminationIsNotDemandedTooEarly(t *testing.T) {
	stuck := append(transfer(), knows(1, tx1, commit), decides(1, tx1, commit), falls(3))
	halts := does(3, protocols.Note{Kind: protocols.Halted, Text: "damaged"})
	cut := act{prepare: func(w *sim.World) {
		if err := w.Network.Cut("p", network.Isolate(3, 2)); err != nil {
			panic(err)
		}
	}}
	for name, acts := range map[string][]act{
		"a node is down":    append(slices.Clone(stuck), later(5000)),
		"too early":         append(slices.Clone(stuck), opens(3), later(40)),
		"a node has halted": append(slices.Clone(stuck), opens(3), halts, later(5000)),
		"a link is cut":     append(slices.Clone(stuck), opens(3), cut, later(5000)),
	} {
		if f := judge(t, acts)["ac5"]; f.Verdict != checker.Holds || f.Checked != 1 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// An abort needs a reason, but any will do.
func TestReasonsToAbort(t *testing.T) {
	lost := act{lost: 1}
	for name, acts := range map[string][]act{
		"a NO":        {undertakes(1, 9, 1, 2), votes(1, 9, yes, 1, 0), votes(2, 9, no, 0, 0), decides(1, 9, abort)},
		"a time-out":  append(transfer(), timesOut(1, tx1), decides(1, tx1, abort)),
		"a crash":     append(transfer(), falls(3), decides(1, tx1, abort)),
		"a later NO":  append(transfer()[:6], votes(2, tx1, no, 0, 0), decides(1, tx1, abort)),
		"a lost word": append(transfer(), lost, decides(1, tx1, abort)),
		"no vote yet": {undertakes(1, 9, 1, 2), votes(1, 9, yes, 1, 0), decides(1, 9, abort)},
	} {
		if f := judge(t, acts)["ac4"]; f.Verdict != checker.Holds || f.Checked != 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// Where clients do more than move amounts about, sums say nothing.
func TestConservationOfTransfersOnly(t *testing.T) {
	acts := append(transfer(), asks(command{"x"}), knows(1, tx1, commit), at(1, decides(1, tx1, commit), func(v *vault) { v.balance += 5 }))
	if f := judge(t, acts)["conservation"]; f.Verdict != checker.Holds {
		t.Errorf("%+v", f)
	}
}

// transfers draws runs as a correct commit protocol makes them.
type transfers struct {
	t      *rapid.T
	acts   []act
	number uint64
	// doubt holds the decisions that are not yet carried out, done the others.
	doubt, done []pendingFate
}

type pendingFate struct {
	node   protocols.NodeID
	number uint64
	text   string
}

func drawTransfers(t *rapid.T) *transfers {
	g := &transfers{t: t, acts: []act{opens(1), opens(2), opens(3), asks(moving{})}}
	for range rapid.IntRange(5, 40).Draw(t, "transfers") {
		g.act()
	}
	for len(g.doubt) > 0 {
		g.carryOut(0)
	}
	g.acts = append(g.acts, later(60_000))
	return g
}

func (g *transfers) act() {
	switch kind := rapid.IntRange(0, 5).Draw(g.t, "kind"); {
	case kind <= 2 || len(g.doubt) == 0:
		g.decide()
	case kind == 3:
		n := protocols.NodeID(rapid.IntRange(1, 3).Draw(g.t, "node"))
		g.acts = append(g.acts, falls(n), at(n, boots(n), func(*vault) {}))
	default:
		g.carryOut(rapid.IntRange(0, len(g.doubt)-1).Draw(g.t, "which"))
	}
}

// decide takes a transaction from its beginning to its decision.
func (g *transfers) decide() {
	g.number++
	coordinator := protocols.NodeID(rapid.IntRange(1, 3).Draw(g.t, "coordinator"))
	number := uint64(coordinator)<<48 | g.number
	other := coordinator%3 + 1
	g.acts = append(g.acts, undertakes(coordinator, number, coordinator, other), votes(coordinator, number, yes, 1, -1))
	vote, text := yes, commit
	if rapid.IntRange(0, 3).Draw(g.t, "votes no") == 0 {
		vote, text = no, abort
		g.acts = append(g.acts, votes(other, number, vote, 0, 0))
	} else {
		g.acts = append(g.acts, votes(other, number, vote, 2, 1))
		g.doubt = append(g.doubt, pendingFate{other, number, text})
	}
	g.doubt = append(g.doubt, pendingFate{coordinator, number, text})
	g.acts = append(g.acts, knows(coordinator, number, text))
}

func (g *transfers) carryOut(i int) {
	d := g.doubt[i]
	g.doubt = slices.Delete(g.doubt, i, i+1)
	g.done = append(g.done, d)
	if rapid.IntRange(0, 3).Draw(g.t, "by itself") == 0 {
		g.acts = append(g.acts, alone(d.node, d.number, d.text))
		return
	}
	g.acts = append(g.acts, decides(d.node, d.number, d.text))
}

// transferCorruption spoils a run of transfers that was sound.
type transferCorruption struct {
	name     string
	property string
	spoil    func(t *rapid.T, g *transfers) ([]act, bool)
}

func other(text string) string {
	if text == commit {
		return abort
	}
	return commit
}

func transferCorruptions() []transferCorruption {
	fresh := func(g *transfers, more ...act) []act {
		return slices.Concat([]act{opens(1), opens(2), opens(3)}, []act{
			undertakes(1, 1<<48|9999, 1, 2), votes(1, 1<<48|9999, yes, 1, 0), votes(2, 1<<48|9999, yes, 1, 0),
		}, more, g.acts)
	}
	ofDone := func(change func(d pendingFate) act) func(t *rapid.T, g *transfers) ([]act, bool) {
		return func(t *rapid.T, g *transfers) ([]act, bool) {
			d := g.done[rapid.IntRange(0, len(g.done)-1).Draw(t, "which")]
			return append(g.acts, change(d)), true
		}
	}
	return []transferCorruption{
		{"another node decides otherwise", "ac1", ofDone(func(d pendingFate) act { return decides(d.node%3+1, d.number, other(d.text)) })},
		{"a node decides otherwise later", "ac2", ofDone(func(d pendingFate) act { return decides(d.node, d.number, other(d.text)) })},
		{"commit with a vote that is missing", "ac3", func(_ *rapid.T, g *transfers) ([]act, bool) {
			return append(g.acts, undertakes(1, 1<<48|9999, 1, 2), votes(1, 1<<48|9999, yes, 1, 0), knows(1, 1<<48|9999, commit)), true
		}},
		{"abort for no reason", "ac4", func(_ *rapid.T, g *transfers) ([]act, bool) {
			return fresh(g, decides(1, 1<<48|9999, abort)), true
		}},
		{"a participant is never told", "ac5", func(_ *rapid.T, g *transfers) ([]act, bool) {
			return fresh(g, decides(1, 1<<48|9999, commit)), true
		}},
		{"damage is done in silence", "heuristic-damage", func(_ *rapid.T, g *transfers) ([]act, bool) {
			return fresh(g, knows(1, 1<<48|9999, commit), alone(2, 1<<48|9999, abort)), true
		}},
		{"there is no damage", "heuristic-damage", ofDone(func(d pendingFate) act { return damage(d.node, d.number, d.text) })},
		{"locks are lost", "in-doubt-locks", func(_ *rapid.T, g *transfers) ([]act, bool) {
			return fresh(g, at(2, boots(2), func(v *vault) { clear(v.locks) })), true
		}},
		{"an amount is lost", "conservation", ofDone(func(d pendingFate) act {
			return at(d.node, decides(d.node, d.number, d.text), func(v *vault) { v.balance-- })
		})},
	}
}

func TestCorruptTransfersAreFound(t *testing.T) {
	for _, c := range transferCorruptions() {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				acts, ok := c.spoil(t, drawTransfers(t))
				if f := judge(t, acts)[c.property]; ok && (f.Verdict != checker.Violated || f.Witness == "") {
					t.Fatalf("not found: %+v", f)
				}
			})
		})
	}
}
