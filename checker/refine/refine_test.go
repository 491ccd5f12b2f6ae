package refine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"quorumlab/checker"
	"quorumlab/checker/mutants"
	"quorumlab/checker/refine"
	"quorumlab/protocols"
	"quorumlab/protocols/zab"
	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// zabScenarios are those shipped that run Zab.
var zabScenarios = []string{
	"zab-leader-crash", "zab-observer", "zab-partition", "zab-reconfigure", "zab-rollover", "zab-sync-modes",
}

func newLab(t testing.TB) *scenarios.Lab {
	t.Helper()
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	return lab
}

func shipped(t testing.TB, lab *scenarios.Lab, names ...string) []*language.Scenario {
	t.Helper()
	var all []*language.Scenario
	for _, name := range names {
		scenario, err := lab.Shipped(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, scenario)
	}
	return all
}

func sweep(t testing.TB, lab *scenarios.Lab, s scenarios.Sweep) *scenarios.SweepReport {
	t.Helper()
	s.Refine = true
	report, err := lab.Sweep(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestRunsRefine: what the real Zab does in all its scenarios the specification
// allows, and all its actions are come to.
func TestRunsRefine(t *testing.T) {
	lab := newLab(t)
	report := sweep(t, lab, scenarios.Sweep{Scenarios: shipped(t, lab, zabScenarios...), From: 1, To: 4, Jobs: 2})
	for _, f := range report.Failed {
		t.Errorf("%s, seed %d, %s: %s: %s", f.Scenario, f.Seed, f.Mode, f.Property, f.Witness)
	}
	for _, action := range refine.Actions() {
		if report.Reached["zab: zab-spec's "+action.String()] == 0 {
			t.Errorf("no run came to %v", action)
		}
	}
	if n := report.Tested["zab: "+refine.Property]; n < 4*uint64(len(zabScenarios)) {
		t.Errorf("only %d runs were followed", n)
	}
}

// caught says by which action a mutant parts from the specification, and what it
// then does.
var caught = map[string]struct{ action, did string }{
	"zab-ack-before-durable":       {"FollowerProcessPROPOSE", "sends ACK("},
	"zab-epoch-before-history":     {"FollowerProcessNEWLEADER", "writes acceptedEpoch"},
	"zab-trunc-in-memory":          {"FollowerProcessPROPOSE", "to its log"},
	"zab-old-log-writer":           {"FollowerProcessPROPOSE", "to its log"},
	"zab-snap-in-memory":           {"FollowerProcessNEWLEADER", "cuts its log"},
	"zab-failed-force-believed":    {"LeaderProcessRequest", "what is no transaction"},
	"zab-accepted-epoch-forgotten": {"LeaderProcessCEPOCH", "sends LEADERINFO(1)"},
	"zab-newleader-before-durable": {"FollowerProcessNEWLEADER", "sends ACK of NEWLEADER("},
	"zab-ackepoch-before-durable":  {"FollowerProcessNEWEPOCH", "sends ACKEPOCH("},
	"zab-proposal-before-newleader": {
		"FollowerProcessPROPOSE", "sends ACK(",
	},
	"zab-early-proposal":          {"LeaderBroadcastPROPOSE", "sends PROPOSAL("},
	"zab-uptodate-before-applied": {"FollowerProcessCOMMITLD", "goes on with transactions delivered up to"},
	"zab-commit-unmatched":        {"FollowerProcessCOMMITLD", "goes on with transactions delivered up to"},
	"zab-memory-kept":             {"FollowerProcessCOMMITLD", "goes on with transactions delivered up to"},
	"zab-diff-for-orphan":         {"LeaderProcessACKEPOCH", "sends DIFF("},
	"zab-ring-with-hole":          {"LeaderProcessACKEPOCH", "sends NEWLEADER("},
	"zab-commit-too-far":          {"LeaderProcessACK", "sends COMMIT("},
	"zab-counter-runs-over":       {"LeaderProcessRequest", "broadcasts 2:1"},
	"zab-snap-behind-newleader":   {"LeaderProcessACKEPOCH", "sends SNAP("},
}

// TestMutants: each error of Zab parts from the specification, by the step that is
// the error and not by what comes of it later.
func TestMutants(t *testing.T) {
	lab := newLab(t)
	for _, m := range mutants.All() {
		if m.Protocol != "zab" {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			want, known := caught[m.Name]
			report := sweep(t, lab, scenarios.Sweep{
				Scenarios: shipped(t, lab, m.Scenario), From: 1, To: 4, Jobs: 2, Mutant: m.Name,
			})
			at := slices.IndexFunc(report.Failed, func(f scenarios.Failure) bool { return f.Refines() })
			switch {
			case at < 0:
				t.Errorf("not caught in seeds 1 to 4 of %s", m.Scenario)
			case !known:
				t.Logf("caught, but not in the table: %s", report.Failed[at].Witness)
			case !strings.Contains(report.Failed[at].Witness, want.did) || !strings.Contains(report.Failed[at].Witness, ": that would be "+want.action+","):
				t.Errorf("caught otherwise: %s", report.Failed[at].Witness)
			}
		})
	}
}

// corrupter shows a watch a run in which one effect is another.
type corrupter struct {
	*refine.Watch
	corrupt func(step *sim.Step, effect protocols.Effect) (protocols.Effect, bool)
	done    uint64 // the step
}

// Observe implements sim.Observer.
func (c *corrupter) Observe(w *sim.World, step *sim.Step) {
	shown := *step
	for i, effect := range step.Effects {
		if c.done > 0 {
			break
		}
		if other, ok := c.corrupt(step, effect); ok {
			shown.Effects = slices.Clone(step.Effects)
			shown.Effects[i] = other
			c.done = step.Number
		}
	}
	c.Watch.Observe(w, &shown)
}

// corrupted follows a run of which one effect is shown as another.
func corrupted(t *testing.T, lab *scenarios.Lab, name string, corrupt func(step *sim.Step, effect protocols.Effect) (protocols.Effect, bool)) (checker.Finding, uint64) {
	t.Helper()
	scenario := shipped(t, lab, name)[0]
	running, err := lab.Begin(scenario, &scenario.Runs[0], scenarios.Options{Seed: 1, Hashless: true})
	if err != nil {
		t.Fatal(err)
	}
	c := &corrupter{Watch: refine.NewWatch(), corrupt: corrupt}
	running.Watch(c)
	if err := running.CarryOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	return c.Finding(), c.done
}

// send is a corruption of messages of one type.
func send[M any](change func(*M) bool) func(*sim.Step, protocols.Effect) (protocols.Effect, bool) {
	return func(_ *sim.Step, effect protocols.Effect) (protocols.Effect, bool) {
		e, _ := effect.(protocols.Send)
		m, ok := e.Message.(M)
		if !ok || !change(&m) {
			return nil, false
		}
		e.Message = m
		return e, true
	}
}

// note is a corruption of notes of one kind.
func note(kind protocols.NoteKind, change func(*protocols.Note)) func(*sim.Step, protocols.Effect) (protocols.Effect, bool) {
	return func(_ *sim.Step, effect protocols.Effect) (protocols.Effect, bool) {
		n, ok := effect.(protocols.Note)
		if !ok || n.Kind != kind {
			return nil, false
		}
		change(&n)
		return n, true
	}
}

// writes is a corruption of what goes to the disk.
func writes(change func([]protocols.Write) []protocols.Write) func(*sim.Step, protocols.Effect) (protocols.Effect, bool) {
	return func(_ *sim.Step, effect protocols.Effect) (protocols.Effect, bool) {
		p, ok := effect.(protocols.Persist)
		if !ok {
			return nil, false
		}
		changed := change(slices.Clone(p.Writes))
		if changed == nil {
			return nil, false
		}
		p.Writes = changed
		return p, true
	}
}

// TestCorrupted: whatever is changed in a run that the specification allows, it does
// not allow any more, and the very step is told.
func TestCorrupted(t *testing.T) {
	lab := newLab(t)
	for _, test := range corruptions() {
		t.Run(test.name, func(t *testing.T) {
			finding, step := corrupted(t, lab, test.scenario, test.corrupt)
			switch {
			case step == 0:
				t.Fatal("there was nothing to corrupt")
			case finding.Verdict != checker.Violated:
				t.Fatal("not seen")
			case finding.Step != step && !test.later:
				t.Errorf("corrupted at step %d, seen at %d: %s", step, finding.Step, finding.Witness)
			case !strings.Contains(finding.Witness, "that would be "+test.action.String()+","):
				t.Errorf("want %v: %s", test.action, finding.Witness)
			}
		})
	}
	if finding, _ := corrupted(t, lab, "zab-sync-modes", func(*sim.Step, protocols.Effect) (protocols.Effect, bool) { return nil, false }); finding.Verdict != checker.Holds || finding.Checked == 0 {
		t.Errorf("as it is: %+v", finding)
	}
}

type corruption struct {
	name, scenario string
	action         refine.Action
	later          bool // it shows only in what comes after
	corrupt        func(*sim.Step, protocols.Effect) (protocols.Effect, bool)
}

func corruptions() []corruption {
	const crash, modes = "zab-leader-crash", "zab-sync-modes"
	all := []corruption{
		{"another accepted epoch in FOLLOWERINFO", crash, refine.Connect, false, send(func(m *zab.FollowerInfo) bool { m.AcceptedEpoch++; return true })},
		{"an epoch too high", crash, refine.LeaderProcessCEPOCH, false, send(func(m *zab.LeaderInfo) bool { m.Epoch++; return true })},
		{"an epoch twice", crash, refine.LeaderProcessCEPOCH, false, send(func(m *zab.LeaderInfo) bool { m.Epoch--; return true })},
		{"a history too long in ACKEPOCH", crash, refine.FollowerProcessNEWEPOCH, false, send(func(m *zab.AckEpoch) bool { m.LastZxid++; return true })},
		{"a current epoch too high in ACKEPOCH", crash, refine.FollowerProcessNEWEPOCH, false, send(func(m *zab.AckEpoch) bool { m.CurrentEpoch++; return true })},
		{"TRUNC too short", modes, refine.LeaderProcessACKEPOCH, false, send(func(m *zab.Trunc) bool { m.Zxid--; return true })},
		{"DIFF for a history that is another", modes, refine.LeaderProcessACKEPOCH, false, send(func(m *zab.Diff) bool { m.Zxid--; return m.Zxid.Counter() > 0 && m.Zxid.Counter() < 1<<31 })},
		{"a snapshot of another state", modes, refine.LeaderProcessACKEPOCH, false, send(func(m *zab.Snap) bool { m.Zxid++; return true })},
		{"NEWLEADER of another history", crash, refine.LeaderProcessACKEPOCH, false, send(func(m *zab.NewLeader) bool { m.Zxid++; return true })},
		{"an ACK of NEWLEADER too far", crash, refine.FollowerProcessNEWLEADER, false, send(func(m *zab.AckNewLeader) bool { m.Zxid++; return true })},
		{"an ACK too far", crash, refine.FollowerProcessPROPOSE, false, send(func(m *zab.Ack) bool { m.Zxid++; return true })},
		{"an ACK twice", crash, refine.FollowerProcessPROPOSE, false, send(func(m *zab.Ack) bool { m.Zxid--; return m.Zxid.Counter() > 3 })},
		{"a COMMIT too far", crash, refine.LeaderProcessACK, false, send(func(m *zab.Commit) bool { m.Zxid++; return true })},
		{"UPTODATE too far", modes, refine.LeaderProcessACKLD, false, send(func(m *zab.UpToDate) bool { m.Committed++; return true })},
		{"a proposal left out", crash, refine.LeaderProcessACK, true, leftOut()},
		{"a leader too early", crash, refine.LeaderProcessACKLD, false, note(protocols.Leading, func(n *protocols.Note) { n.Term++ })},
		{"a zxid twice", crash, refine.LeaderProcessRequest, false, second(protocols.Broadcast, func(n *protocols.Note) { n.Value = zab.Transaction{Zxid: 1<<32 | 1} })},
		{"a transaction delivered twice", crash, refine.LeaderProcessACK, false, second(protocols.Delivered, func(n *protocols.Note) { n.Slot-- })},
		{"another value delivered", crash, refine.LeaderProcessACK, false, note(protocols.Delivered, func(n *protocols.Note) {
			other := n.Value.(zab.Transaction)
			other.Request++
			n.Value = other
		})},
	}
	return append(all, diskCorruptions(crash, modes)...)
}

func diskCorruptions(crash, modes string) []corruption {
	drop := func(kind func(protocols.Write) bool) func([]protocols.Write) []protocols.Write {
		return func(w []protocols.Write) []protocols.Write {
			at := slices.IndexFunc(w, kind)
			if at < 0 {
				return nil
			}
			return slices.Delete(w, at, at+1)
		}
	}
	appends := func(w protocols.Write) bool { _, ok := w.(protocols.Append); return ok }
	cuts := func(w protocols.Write) bool { _, ok := w.(protocols.CutTail); return ok }
	meta := func(change func(*zab.Meta) bool) func([]protocols.Write) []protocols.Write {
		return func(w []protocols.Write) []protocols.Write {
			for i := range w {
				if set, ok := w[i].(protocols.SetMeta); ok {
					m := set.Meta.(zab.Meta)
					if change(&m) {
						w[i] = protocols.SetMeta{Meta: m}
						return w
					}
				}
			}
			return nil
		}
	}
	return []corruption{
		{"an accepted epoch too high on disk", crash, refine.FollowerProcessNEWEPOCH, false, writes(meta(func(m *zab.Meta) bool { m.AcceptedEpoch++; return true }))},
		{"the current epoch before the accepted", crash, refine.LeaderProcessACKEPOCH, false, writes(meta(func(m *zab.Meta) bool { m.CurrentEpoch = m.AcceptedEpoch; return m.AcceptedEpoch == 1 }))},
		{"an epoch that falls", crash, refine.LeaderProcessCEPOCH, false, writes(meta(func(m *zab.Meta) bool {
			falls := m.CurrentEpoch > 0
			m.AcceptedEpoch, m.CurrentEpoch = 0, 0
			return falls
		}))},
		{"the accepted epoch not on disk", crash, refine.LeaderProcessCEPOCH, true, writes(meta(func(m *zab.Meta) bool { m.AcceptedEpoch--; return m.AcceptedEpoch == 0 }))},
		{"a transaction not on disk", crash, refine.LeaderProcessACK, true, writes(drop(appends))},
		{"a cut not on disk", modes, refine.FollowerProcessPROPOSE, true, writes(drop(cuts))},
		{"a snapshot of what is not committed", modes, refine.LeaderProcessACK, false, writes(func(w []protocols.Write) []protocols.Write {
			for i := range w {
				if save, ok := w[i].(protocols.SaveSnapshot); ok {
					s := save.Snapshot.(zab.Snapshot)
					s.Zxid += 1 << 32
					w[i] = protocols.SaveSnapshot{Snapshot: s}
					return w
				}
			}
			return nil
		})},
		{"a head cut off that no snapshot stands for", modes, refine.LeaderProcessACK, false, writes(func(w []protocols.Write) []protocols.Write {
			for i := range w {
				if cut, ok := w[i].(protocols.CutHead); ok {
					w[i] = protocols.CutHead{Before: cut.Before + 1}
					return w
				}
			}
			return nil
		})},
	}
}

// leftOut takes one proposal away that a leader sends to a follower that takes part.
func leftOut() func(*sim.Step, protocols.Effect) (protocols.Effect, bool) {
	return func(step *sim.Step, effect protocols.Effect) (protocols.Effect, bool) {
		e, _ := effect.(protocols.Send)
		if _, ok := e.Message.(zab.Propose); !ok || step.Number < 1000 {
			return nil, false
		}
		return protocols.CancelTimer{Timer: protocols.Timer{Name: "none"}}, true
	}
}

// second is note, of the second of a kind at one node.
func second(kind protocols.NoteKind, change func(*protocols.Note)) func(*sim.Step, protocols.Effect) (protocols.Effect, bool) {
	seen := map[protocols.NodeID]int{}
	inner := note(kind, change)
	return func(step *sim.Step, effect protocols.Effect) (protocols.Effect, bool) {
		if n, ok := effect.(protocols.Note); ok && n.Kind == kind {
			if seen[step.Node]++; seen[step.Node] == 2 {
				return inner(step, effect)
			}
		}
		return nil, false
	}
}
