package checker_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/checker"
	"quorumlab/protocols"
)

func asked(client protocols.ClientID, number uint64) protocols.Requested {
	return protocols.Requested{Client: client, Request: number, Command: command{"x"}}
}

var (
	a = tx{1, 1, "a"}
	b = tx{1, 2, "b"}
	c = tx{1, 3, "c"}
	d = tx{2, 4, "d"}
	// r and s are requests, in the two forms that protocols use.
	r = tx{1, 1, asked(1, 1)}
	s = tx{2, 2<<32 | 1, record{Zxid: 9, Client: 2, Request: 5, Command: command{"y"}}}
)

// record is a transaction as a protocol keeps it in its log.
type record struct {
	Zxid    uint64
	Client  protocols.ClientID
	Request uint64
	Command protocols.Command
}

func (r record) Origin() (protocols.ClientID, uint64) { return r.Client, r.Request }

func (r record) Carries() protocols.Command { return r.Command }

// sound is a run in which every invariant is put to the test and holds: two
// epochs, a crash, a state taken over, and a transaction that is never
// delivered.
func sound() []act {
	last := tx{2, 2<<32 | 2, []string{"a value that cannot be compared by =="}}
	return []act{
		boots(1), boots(2), boots(3),
		leads(1, 1),
		casts(1, r, b, c),
		forces(2), sends(2, 1, vow{1}),
		delivers(1, r), told(1, 1, command{"x"}),
		delivers(2, r, b), delivers(1, b),
		told(2, 1, "a query"),
		boots(1), // c was never delivered
		boots(3), restores(3, 2),
		does(2, leading(2), protocols.Note{Kind: "a kind of the protocol's own", Slot: 77}),
		casts(2, s, last), delivers(2, s, last), delivers(3, s), delivers(3, last),
		told(2, 5, command{"y"}),
		restores(1, 0), delivers(1, r), restores(1, 2), delivers(1, s),
		boots(1), restores(1, 2<<32|2), leads(1, 3),
	}
}

// allBroken returns the hand-broken runs of all files.
func allBroken() []brokenRun {
	return slices.Concat(
		broken, brokenCommitments(), brokenBallots(), brokenReplays(), brokenCoordination())
}

func TestSoundRun(t *testing.T) {
	for name, f := range judge(t, slices.Concat(kept(sound()), soundCommitment(), soundBallots(), soundCoordination())) {
		if f.Verdict != checker.Holds || f.Witness != "" || f.Step != 0 {
			t.Errorf("%s: %+v", name, f)
		}
		if f.Checked == 0 {
			t.Errorf("%s was never put to the test", name)
		}
	}
}

// brokenRun is a run that violates invariants; see broken.
type brokenRun struct {
	name     string
	acts     []act
	violates []string
	step     uint64
	witness  string
}

// broken are runs that violate invariants. The first of violates is what the
// run is about; the others cannot be spared, for they follow from it.
var broken = []brokenRun{
	{
		"delivered out of nowhere",
		[]act{casts(1, a), delivers(1, a), delivers(2, a, b)},
		[]string{"zab-integrity"},
		3,
		"n2 delivered slot 2 of epoch 1 (b), which no node had broadcast",
	},
	{
		"delivered another value than was broadcast",
		[]act{casts(1, a), delivers(1, tx{1, 1, []int{7}})},
		[]string{"zab-integrity"},
		2,
		"n1 delivered slot 1 of epoch 1 ([7]), which no node had broadcast",
	},
	{
		"delivered before it is broadcast",
		[]act{delivers(1, a), casts(1, a)},
		[]string{"zab-integrity"},
		1,
		"n1 delivered slot 1 of epoch 1 (a), which no node had broadcast",
	},
	{
		"delivered twice",
		[]act{casts(1, a, b), delivers(1, a, b), delivers(1, a)},
		[]string{"zab-total-order"},
		3,
		"n1 delivered slot 1 of epoch 1 (a) a second time; its sequence already had it from n1 (step 2)",
	},
	{
		"one skipped",
		[]act{casts(1, a), casts(2, b), delivers(1, a, b), delivers(2, b)},
		[]string{"zab-total-order", "prefix"},
		4,
		"n2 delivered slot 2 of epoch 1 (b) without slot 1 of epoch 1 (a) before it, which n1 (step 3) had delivered first",
	},
	{
		"one too many",
		[]act{casts(1, a), casts(2, b), delivers(1, b), delivers(2, a, b)},
		// n2 delivers a first, before it is known to be followed by b
		[]string{"zab-total-order", "zab-agreement", "prefix"},
		4,
		"n2 delivered slot 2 of epoch 1 (b) after slot 1 of epoch 1 (a), but n1 (step 3) had delivered it without that",
	},
	{
		"two histories",
		[]act{casts(1, a), casts(2, b), delivers(1, a), delivers(2, b)},
		[]string{"zab-agreement", "prefix"},
		4,
		"n2 delivered slot 2 of epoch 1 (b) and not slot 1 of epoch 1 (a), n1 (step 3) the other way round",
	},
	{
		"two histories of one node's lives",
		[]act{casts(1, a), casts(2, b), delivers(1, a), boots(1), delivers(1, b)},
		[]string{"zab-agreement", "prefix"},
		5,
		"n1 delivered slot 2 of epoch 1 (b) and not slot 1 of epoch 1 (a), n1 (step 3) the other way round",
	},
	{
		"two histories, once one of them is no beginning of a third any more",
		[]act{
			casts(1, a, b, c), delivers(1, a, b, c), delivers(3, a), delivers(3, a), delivers(3, c),
			delivers(2, a, b), delivers(2, a),
		},
		[]string{"zab-agreement", "zab-total-order", "prefix", "local-primary-order"},
		7,
		"n2 delivered slot 2 of epoch 1 (b) and not slot 3 of epoch 1 (c), n3 (step 5) the other way round",
	},
	{
		"rolled back",
		[]act{casts(1, a, b), casts(2, c), delivers(1, a, b), restores(1, 1), delivers(1, c)},
		[]string{"prefix", "zab-agreement"},
		5,
		"as its delivery number 2 n1 delivered slot 3 of epoch 1 (c), where n1 (step 3) had delivered slot 2 of epoch 1 (b)",
	},
	{
		"a hole",
		[]act{casts(1, a, b, c), delivers(1, a, c)},
		[]string{"local-primary-order"},
		2,
		"n1 delivered slot 3 of epoch 1 (c) without slot 2 of epoch 1 (b), which n1 had broadcast before it as primary of epoch 1",
	},
	{
		"an earlier epoch later",
		[]act{casts(1, a), casts(2, d), delivers(1, d), delivers(1, a)},
		[]string{"global-primary-order", "primary-integrity"},
		4,
		"n1 delivered slot 1 of epoch 1 (a) of epoch 1 after slot 4 of epoch 2 (d) of epoch 2",
	},
	{
		"a primary that has not caught up",
		[]act{casts(1, a), delivers(1, a), casts(2, d), delivers(2, a, d)},
		[]string{"primary-integrity"},
		3,
		"n2 broadcast slot 4 of epoch 2 (d) as primary of epoch 2 without having delivered slot 1 of epoch 1 (a) of epoch 1, which n1 (step 2) had",
	},
	{
		"a primary that begins too early",
		[]act{casts(1, a), casts(2, d), delivers(1, a)},
		[]string{"primary-integrity"},
		3,
		"n1 delivered slot 1 of epoch 1 (a) of epoch 1, which n2 had not delivered when it first broadcast as primary of epoch 2",
	},
	{
		"a leader that lost what was acknowledged",
		[]act{casts(1, r), delivers(1, r), told(1, 1, command{"x"}), leads(2, 2)},
		[]string{"durability"},
		4,
		"n2 was established as leader of epoch 2 without slot 1 of epoch 1 (request 1 of c1), of which c1 was told at step 3 that it is done",
	},
	{
		"acknowledged and never delivered",
		[]act{casts(2, s), told(2, 5, command{"y"}), leads(2, 3)},
		[]string{"durability"},
		3,
		"n2 was established as leader of epoch 3 without slot 0x200000001 (request 5 of c2), of which c2 was told at step 2 that it is done",
	},
	{
		"acknowledged and never broadcast",
		[]act{told(1, 3, command{"z"})},
		[]string{"durability"},
		1,
		"c1 was told that its request 3 ({Put:z}) is done, which no node ever broadcast",
	},
	{
		"acknowledged before it is on disk",
		[]act{forces(2), sends(2, 1, vow{1}), sends(2, 1, vow{2})},
		[]string{"force-order"},
		3,
		"n2 sent n1 checker_test.vow{Logged:2}, but record 2 is not on disk",
	},
	{
		"two leaders",
		[]act{leads(1, 1), leads(3, 1)},
		[]string{"one-leader-an-epoch", "epoch-established-once"},
		2,
		"n3 leads epoch 1, which n1 has led since step 1",
	},
	{
		"an epoch of two lives",
		[]act{leads(1, 1), boots(1), leads(1, 1)},
		[]string{"epoch-established-once"},
		3,
		"n1 establishes epoch 1, which n1 had established at step 1",
	},
}

func TestBrokenRuns(t *testing.T) {
	for _, test := range allBroken() {
		t.Run(test.name, func(t *testing.T) {
			findings := judge(t, test.acts)
			for _, name := range names() {
				f := findings[name]
				if slices.Contains(test.violates, name) != (f.Verdict == checker.Violated) {
					t.Errorf("%s: %s %s", name, f.Verdict, f.Witness)
				}
			}
			f := findings[test.violates[0]]
			if f.Witness != test.witness {
				t.Errorf("witness\n got: %s\nwant: %s", f.Witness, test.witness)
			}
			if f.Step != test.step || f.Time != time.Duration(test.step)*time.Millisecond {
				t.Errorf("at step %d, %v, want step %d", f.Step, f.Time, test.step)
			}
		})
	}
}

func TestEveryInvariantIsBroken(t *testing.T) {
	for _, name := range names() {
		about := 0
		for _, test := range allBroken() {
			if test.violates[0] == name {
				about++
			}
		}
		if about == 0 {
			t.Errorf("no hand-broken run is about %s", name)
		}
	}
}

// What one retry lost another may still have.
func TestDurabilityOfRepeatedRequests(t *testing.T) {
	again := []tx{r, {1, 2, asked(1, 1)}, {1, 3, asked(1, 1)}}
	for _, x := range again[1:] {
		f := judge(t, []act{
			casts(1, again...), delivers(1, r), told(1, 1, command{"x"}), delivers(2, x), leads(2, 2),
		})["durability"]
		if f.Verdict != checker.Holds || f.Checked == 0 {
			t.Errorf("%+v", f)
		}
	}
}

// A node that restarts comes back to its own history, even where another has a
// transaction of the same slot, and even if it stopped twice meanwhile.
func TestRestoredToItsOwnHistory(t *testing.T) {
	theirs := []tx{{1, 1, "a"}, {1, 2, "b"}}
	own := []tx{{2, 1, "a"}, {2, 2, "b"}, {2, 3, "c"}}
	acts := []act{
		casts(1, theirs...), casts(2, own...), delivers(1, theirs...), delivers(2, own...),
		boots(2), boots(2), restores(2, 2), restores(2, 1), delivers(2, own[1:]...),
	}
	if f := judge(t, acts)["zab-total-order"]; f.Verdict != checker.Holds {
		t.Errorf("it came back elsewhere: %+v", f)
	}
}

// A node that takes over the state after a transaction of which there are two,
// by its slot, is put where the term says.
func TestRestoredToTheHistoryOfATerm(t *testing.T) {
	theirs, others := []tx{{1, 1, "a"}, {1, 2, "b"}}, []tx{{2, 1, "a"}, {2, 2, "b"}, {2, 3, "c"}}
	acts := []act{
		casts(1, theirs...), casts(2, others...), delivers(1, theirs...), delivers(2, others...),
		does(3, protocols.Note{Kind: protocols.Restored, Term: 2, Slot: 2}), delivers(3, others[2]),
	}
	if f := judge(t, acts)["local-primary-order"]; f.Verdict != checker.Holds {
		t.Errorf("it came back elsewhere: %+v", f)
	}
}

// Of a leader whose place is not known nothing is said.
func TestDurabilityOfLeaderWithoutPlace(t *testing.T) {
	f := judge(t, []act{
		casts(1, r), delivers(1, r), told(1, 1, command{"x"}), restores(2, 9), leads(2, 2),
	})["durability"]
	if f.Verdict != checker.Unknown {
		t.Errorf("%+v", f)
	}
}

// A leader of a lower term than one that is established already is not a later
// one, whenever it says that it leads: it has been deposed and does not know.
func TestDurabilityAsksLeadersOfLaterTermsOnly(t *testing.T) {
	acts := []act{leads(1, 5), casts(1, r), delivers(1, r), told(1, 1, command{"x"}), leads(2, 4)}
	if f := judge(t, acts)["durability"]; f.Verdict != checker.Holds {
		t.Errorf("a leader of an earlier term was asked: %+v", f)
	}
	if f := judge(t, append(acts, leads(3, 6)))["durability"]; f.Verdict != checker.Violated {
		t.Errorf("a leader of a later term was not asked: %+v", f)
	}
}

// A leader delivers what it inherits in the step in which it is established.
func TestDurabilityJudgesAtTheEndOfTheStep(t *testing.T) {
	f := judge(t, []act{
		casts(1, r), delivers(1, r), told(1, 1, command{"x"}),
		does(2, leading(2), r.note(protocols.Delivered)),
	})["durability"]
	if f.Verdict != checker.Holds || f.Checked == 0 {
		t.Errorf("%+v", f)
	}
}

// A transaction acknowledged after the histories parted is looked for even in
// a leader that has all that was acknowledged before.
func TestDurabilityBesideTheTrunk(t *testing.T) {
	f := judge(t, []act{
		casts(1, a), casts(2, tx{2, 1, asked(1, 1)}), delivers(1, a), delivers(2, tx{2, 1, asked(1, 1)}),
		told(1, 1, command{"x"}), leads(1, 3),
	})["durability"]
	if f.Verdict != checker.Violated || !strings.Contains(f.Witness, "slot 1 of epoch 2 (request 1 of c1)") {
		t.Errorf("%+v", f)
	}
}

func TestUnknownPlace(t *testing.T) {
	findings := judge(t, []act{casts(1, a, b), delivers(1, a), restores(2, 2), delivers(2, c)})
	for _, name := range []string{"zab-total-order", "zab-agreement", "prefix", "local-primary-order", "global-primary-order", "durability"} {
		f := findings[name]
		if f.Verdict != checker.Unknown ||
			f.Witness != "at step 3 node n2 took over a state after slot 2 that no node was seen to reach" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if f := findings["zab-integrity"]; f.Verdict != checker.Violated {
		t.Errorf("a node without a place may not deliver just anything: %+v", f)
	}
	if f := findings["force-order"]; f.Verdict != checker.Holds {
		t.Errorf("force-order has nothing to do with places: %+v", f)
	}
}

func TestNames(t *testing.T) {
	if _, err := checker.NewSet("prefix", "local-primary-ordre"); err == nil ||
		err.Error() != `no invariant "local-primary-ordre"; did you mean "local-primary-order"?` {
		t.Error(err)
	}
	if _, err := checker.NewSet("?"); err == nil || !strings.Contains(err.Error(), "there are: zab-integrity, zab-total-order, ") {
		t.Error(err)
	}
	if _, err := checker.NewSet("integrity"); err == nil || !strings.HasSuffix(err.Error(), `did you mean "zab-integrity"?`) {
		t.Error(err)
	}
	one, err := checker.NewSet("prefix")
	if err != nil || one.Findings()[0] != (checker.Finding{Property: "prefix", Verdict: checker.Holds}) {
		t.Error(one, err)
	}
	for _, d := range checker.All() {
		if d.Sentence == "" || d.Source == "" {
			t.Errorf("%+v", d)
		}
	}
}
