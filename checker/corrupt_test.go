package checker_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/checker"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// soundness draws runs as a correct primary-order broadcast makes them: epochs
// follow one another, nodes crash, lag and take over each other's states, and
// some of what is broadcast is lost.
type soundness struct {
	t       *rapid.T
	acts    []act
	log     []tx // committed
	pending []tx // broadcast by the leader of now, or left by earlier ones
	at      [4]int
	forced  [4]int
	leader  protocols.NodeID
	epoch   uint64
	counter uint64
	number  uint64 // of client 1's last request
	told    uint64 // the last one that it was told of
	synod   *synod // what acceptors do beside all that
}

func drawSound(t *rapid.T) *soundness {
	g := &soundness{t: t}
	for range rapid.IntRange(20, 80).Draw(t, "acts") {
		g.act()
	}
	g.acts = append(kept(g.acts), coordinationActs(t)...)
	g.synod = drawSynod(t)
	g.acts = append(g.acts, g.synod.acts...)
	g.acts = append(g.acts, leaseActs(t, len(g.acts))...)
	return g
}

func (g *soundness) act() {
	n := protocols.NodeID(rapid.IntRange(1, 3).Draw(g.t, "node"))
	switch kind := rapid.IntRange(0, 19).Draw(g.t, "kind"); {
	case g.leader == 0 || kind == 0:
		g.establish(n)
	case kind == 1:
		g.crash(n)
	case kind <= 6:
		g.broadcast()
	case kind <= 10 && len(g.pending) > 0:
		g.commit()
	case kind == 11:
		g.acts = append(g.acts, forces(n))
		g.forced[n]++
	case kind == 12:
		g.acts = append(g.acts, sends(n, n%3+1, vow{rapid.IntRange(0, g.forced[n]).Draw(g.t, "vow")}))
	case kind == 13:
		g.tell()
	default:
		g.catchUp(n, rapid.IntRange(1, 3).Draw(g.t, "deliveries"))
	}
}

// establish makes a node the leader of a new epoch; it commits some of what
// earlier leaders left, and the rest is lost.
func (g *soundness) establish(n protocols.NodeID) {
	kept := rapid.IntRange(0, len(g.pending)).Draw(g.t, "inherited")
	g.log = append(g.log, g.pending[:kept]...)
	g.pending = nil
	g.epoch += uint64(rapid.IntRange(1, 2).Draw(g.t, "epoch"))
	g.counter, g.leader = 0, n
	g.catchUp(n, len(g.log))
	g.acts = append(g.acts, leads(n, g.epoch))
}

func (g *soundness) crash(n protocols.NodeID) {
	g.acts = append(g.acts, boots(n))
	g.at[n] = rapid.IntRange(0, len(g.log)).Draw(g.t, "restored")
	if g.seen() < g.at[n] {
		g.at[n] = 0 // nobody delivered as much
	}
	slot := uint64(0)
	if g.at[n] > 0 {
		slot = g.log[g.at[n]-1].slot
	}
	g.acts = append(g.acts, restores(n, slot))
	if n == g.leader {
		g.leader = 0
	}
}

// seen returns how much of the log somebody has delivered, now.
func (g *soundness) seen() int { return slices.Max(g.at[:]) }

func (g *soundness) broadcast() {
	g.counter++
	if g.number == 0 || rapid.IntRange(0, 4).Draw(g.t, "retries") > 0 {
		g.number++
	}
	x := tx{g.epoch, g.epoch<<32 | g.counter, asked(1, g.number)}
	g.pending = append(g.pending, x)
	g.acts = append(g.acts, casts(g.leader, x))
}

func (g *soundness) commit() {
	g.log = append(g.log, g.pending[0])
	g.pending = g.pending[1:]
	g.catchUp(g.leader, len(g.log))
}

func (g *soundness) catchUp(n protocols.NodeID, most int) {
	for ; most > 0 && g.at[n] < len(g.log); most-- {
		g.acts = append(g.acts, delivers(n, g.log[g.at[n]]))
		g.at[n]++
	}
}

// tell lets the client hear of the last committed request.
func (g *soundness) tell() {
	if len(g.log) == 0 {
		return
	}
	g.told = g.log[len(g.log)-1].value.(protocols.Requested).Request
	g.acts = append(g.acts, told(1, int(g.told), command{"x"}))
}

func TestSoundRunsHold(t *testing.T) {
	checked := map[string]uint64{}
	rapid.Check(t, func(t *rapid.T) {
		for name, f := range judge(t, append(drawSound(t).acts, drawTransfers(t).acts...)) {
			if f.Verdict != checker.Holds {
				t.Fatalf("%+v", f)
			}
			checked[name] += f.Checked
		}
	})
	for _, name := range names() {
		if checked[name] < 20 {
			t.Errorf("%s was held against %d things only", name, checked[name])
		}
	}
}

// delivery returns the transaction that an act delivers.
func delivery(a act) (tx, bool) {
	if len(a.effects) == 0 {
		return tx{}, false
	}
	n, ok := a.effects[0].(protocols.Note)
	return tx{n.Term, n.Slot, n.Value}, ok && n.Kind == protocols.Delivered
}

// pairs returns the positions of deliveries of one life that follow each other
// at one node, of transactions of one epoch or of two.
func pairs(acts []act, sameEpoch bool) [][2]int {
	var found [][2]int
	last := map[protocols.NodeID]int{}
	for i, a := range acts {
		x, ok := delivery(a)
		if !ok {
			if len(a.effects) == 0 || isRestored(a) {
				delete(last, a.node)
			}
			continue
		}
		if before, follows := last[a.node]; follows {
			if y, _ := delivery(acts[before]); (y.term == x.term) == sameEpoch {
				found = append(found, [2]int{before, i})
			}
		}
		last[a.node] = i
	}
	return found
}

func isRestored(a act) bool {
	n, ok := a.effects[0].(protocols.Note)
	return ok && n.Kind == protocols.Restored
}

// corruption spoils a sound run; it reports false if the run has nothing to be
// spoilt in that way.
type corruption struct {
	name     string
	property string
	spoil    func(t *rapid.T, g *soundness) ([]act, bool)
}

var corruptions = slices.Concat(orderCorruptions, ballotCorruptions, replayCorruptions, coordinationCorruptions)

var orderCorruptions = []corruption{
	{"swap two deliveries of an epoch", "local-primary-order", func(t *rapid.T, g *soundness) ([]act, bool) {
		return swapped(t, g.acts, true)
	}},
	{"swap two deliveries of two epochs", "global-primary-order", func(t *rapid.T, g *soundness) ([]act, bool) {
		return swapped(t, g.acts, false)
	}},
	{"swap two deliveries that others made", "prefix", func(t *rapid.T, g *soundness) ([]act, bool) {
		x, y, ok := lastTwo(g)
		return append(g.acts, boots(1), delivers(1, g.log[:len(g.log)-2]...), delivers(1, y, x)), ok
	}},
	{"leave out a delivery", "local-primary-order", func(t *rapid.T, g *soundness) ([]act, bool) {
		found := pairs(g.acts, true)
		if len(found) == 0 {
			return nil, false
		}
		at := rapid.SampledFrom(found).Draw(t, "pair")[0]
		return slices.Delete(g.acts, at, at+1), true
	}},
	{"leave out what others delivered", "zab-total-order", func(t *rapid.T, g *soundness) ([]act, bool) {
		_, y, ok := lastTwo(g)
		return append(g.acts, boots(2), delivers(2, g.log[:len(g.log)-2]...), delivers(2, y)), ok
	}},
	{"deliver again", "zab-total-order", func(t *rapid.T, g *soundness) ([]act, bool) {
		at := deliveries(g.acts)
		if len(at) == 0 {
			return nil, false
		}
		i := rapid.SampledFrom(at).Draw(t, "which")
		return slices.Insert(g.acts, i, g.acts[i]), true
	}},
	{"change a value", "zab-integrity", func(t *rapid.T, g *soundness) ([]act, bool) {
		at := deliveries(g.acts)
		if len(at) == 0 {
			return nil, false
		}
		i := rapid.SampledFrom(at).Draw(t, "which")
		x, _ := delivery(g.acts[i])
		x.value = asked(2, x.value.(protocols.Requested).Request)
		g.acts[i] = delivers(g.acts[i].node, x)
		return g.acts, true
	}},
	{"deliver what only another epoch has", "zab-agreement", func(t *rapid.T, g *soundness) ([]act, bool) {
		_, _, ok := lastTwo(g)
		x := tx{g.epoch, g.epoch<<32 | 1<<20, "x"}
		return append(g.acts, boots(3), casts(3, x), delivers(3, x)), ok
	}},
	{"forge a leader", "one-leader-an-epoch", func(t *rapid.T, g *soundness) ([]act, bool) {
		other := g.leader%3 + 1
		return append(g.acts, leads(other, g.epoch)), g.leader != 0
	}},
	{"lead again", "epoch-established-once", func(t *rapid.T, g *soundness) ([]act, bool) {
		return append(g.acts, leads(g.leader, g.epoch)), g.leader != 0
	}},
	{"forge an answer", "durability", func(t *rapid.T, g *soundness) ([]act, bool) {
		i := rapid.IntRange(0, len(g.acts)).Draw(t, "where")
		return slices.Insert(g.acts, i, told(1, int(g.number)+1, command{"x"})), true
	}},
	{"establish a leader that lags", "durability", func(t *rapid.T, g *soundness) ([]act, bool) {
		at := slices.IndexFunc(g.log, func(x tx) bool { return x.value.(protocols.Requested).Request == g.told })
		if g.told == 0 {
			return nil, false
		}
		return append(g.acts, boots(2), delivers(2, g.log[:at]...), leads(2, g.epoch+1)), true
	}},
	{"let a primary that lags broadcast", "primary-integrity", func(t *rapid.T, g *soundness) ([]act, bool) {
		if g.seen() == 0 {
			return nil, false
		}
		return append(g.acts, boots(2), casts(2, tx{g.epoch + 1, (g.epoch+1)<<32 | 1, "x"})), true
	}},
	{"vow too early", "force-order", func(t *rapid.T, g *soundness) ([]act, bool) {
		n := protocols.NodeID(rapid.IntRange(1, 3).Draw(t, "node"))
		i := rapid.IntRange(0, len(g.acts)).Draw(t, "where")
		return slices.Insert(g.acts, i, sends(n, n%3+1, vow{g.forced[n] + 1})), true
	}},
}

// lastTwo returns the end of the log, if somebody has delivered it.
func lastTwo(g *soundness) (x, y tx, ok bool) {
	if n := len(g.log); n >= 2 && g.seen() == n {
		return g.log[n-2], g.log[n-1], true
	}
	g.log = make([]tx, 2)
	return tx{}, tx{}, false
}

// swapped delays a delivery until after the node's next: the other way round
// one might come before it is broadcast.
func swapped(t *rapid.T, acts []act, sameEpoch bool) ([]act, bool) {
	found := pairs(acts, sameEpoch)
	if len(found) == 0 {
		return nil, false
	}
	at := rapid.SampledFrom(found).Draw(t, "pair")
	acts = slices.Insert(acts, at[1]+1, acts[at[0]])
	return slices.Delete(acts, at[0], at[0]+1), true
}

func deliveries(acts []act) []int {
	var at []int
	for i, a := range acts {
		if _, ok := delivery(a); ok {
			at = append(at, i)
		}
	}
	return at
}

func TestCorruptRunsAreFound(t *testing.T) {
	for _, c := range corruptions {
		t.Run(c.name, func(t *testing.T) {
			spoilt := 0
			rapid.Check(t, func(t *rapid.T) {
				g := drawSound(t)
				acts, ok := c.spoil(t, g)
				if !ok {
					return
				}
				spoilt++
				if f := judge(t, acts)[c.property]; f.Verdict != checker.Violated || f.Witness == "" {
					t.Fatalf("not found: %+v", f)
				}
			})
			if spoilt < 3 {
				t.Errorf("only %d runs could be spoilt so", spoilt)
			}
		})
	}
	for _, name := range names() {
		if !slices.ContainsFunc(corruptions, func(c corruption) bool { return c.property == name }) &&
			!slices.ContainsFunc(transferCorruptions(), func(c transferCorruption) bool { return c.property == name }) {
			t.Errorf("no corruption is aimed at %s", name)
		}
	}
}

// A set is deterministic: it has the same findings whenever it sees a run.
func TestSetIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		acts, _ := corruptions[rapid.IntRange(0, len(corruptions)-1).Draw(t, "corruption")].spoil(t, drawSound(t))
		var before []checker.Finding
		for range 2 {
			set, err := checker.NewSet(names()...)
			if err != nil {
				t.Fatal(err)
			}
			play(t, acts, sim.Observer(set))
			if now := set.Findings(); before == nil {
				before = now
			} else if !slices.Equal(before, now) {
				t.Fatalf("%+v\nand\n%+v", before, now)
			}
		}
	})
}
