package checker_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/checker"
	"quorumlab/protocols"
	"quorumlab/sim"
)

// keeper is a node of hand-made runs with a state that it is told.
type keeper struct {
	idle
	Machine machine
	Last    map[protocols.ClientID]protocols.Reply
}

func (k *keeper) Replicated() protocols.StateMachine { return &k.Machine }

func (k *keeper) Answered(client protocols.ClientID, request uint64) (protocols.Result, bool, bool) {
	last := k.Last[client]
	return last.Result, last.Request == request, last.Request > request
}

// come returns the keeper that delivered a sequence, each request once.
func come(sequence []tx) *keeper {
	k := &keeper{Last: map[protocols.ClientID]protocols.Reply{}}
	for _, x := range sequence {
		asked, ok := x.value.(protocols.Originated)
		if !ok {
			continue
		}
		client, number := asked.Origin()
		if last, known := k.Last[client]; known && last.Request >= number {
			continue
		}
		k.Machine.Done++
		k.Last[client] = protocols.Reply{Client: client, Request: number, Result: k.Machine.Done}
	}
	return k
}

// keeping lets a node have a state when it does an act.
func keeping(a act, k *keeper) act {
	earlier := a.prepare
	a.prepare = func(w *sim.World) {
		if earlier != nil {
			earlier(w)
		}
		w.Nodes[a.node-1].Node = k
	}
	return a
}

// kept lets the nodes of a run in which all deliver one sequence have the states
// that belong to it, and answer what they have just executed.
func kept(acts []act) []act {
	var whole []tx
	at := map[protocols.NodeID][]tx{}
	acts = slices.Clone(acts)
	for i, a := range acts {
		if a.node == 0 {
			continue
		}
		if _, boots := a.event.(protocols.Recovered); boots {
			at[a.node] = nil
		}
		a.effects = slices.Clone(a.effects)
		for _, effect := range acts[i].effects {
			note, ok := effect.(protocols.Note)
			switch {
			case ok && note.Kind == protocols.Restored:
				to := slices.IndexFunc(whole, func(x tx) bool { return x.slot == note.Slot }) + 1
				at[a.node] = slices.Clone(whole[:to])
			case ok && note.Kind == protocols.Delivered:
				at[a.node] = append(at[a.node], tx{note.Term, note.Slot, note.Value})
				if len(at[a.node]) > len(whole) {
					whole = slices.Clone(at[a.node])
				}
				if asked, is := note.Value.(protocols.Originated); is {
					client, _ := asked.Origin()
					a.effects = append(a.effects, come(at[a.node]).Last[client])
				}
			}
		}
		acts[i] = keeping(a, come(at[a.node]))
	}
	return acts
}

// again is r once more.
var again = tx{1, 2, asked(1, 1)}

func brokenReplays() []brokenRun {
	forgetful, wrong := come([]tx{r}), come([]tx{r})
	forgetful.Last = nil
	wrong.Last[1] = protocols.Reply{Client: 1, Request: 1, Result: 7}
	twice := &keeper{Machine: machine{Done: 2}}
	reply := func(result int) act { return does(1, protocols.Reply{Client: 1, Request: 1, Result: result}) }
	return []brokenRun{
		{
			"a snapshot that has too much",
			[]act{casts(1, r), delivers(1, r), keeping(restores(2, 1), twice)},
			[]string{"snapshot"},
			3,
			"n2 took over a state, and after 1 transactions its Done is 2, not 1",
		},
		{
			"a snapshot that has nothing",
			[]act{casts(1, r), delivers(1, r), keeping(restores(2, 1), come(nil))},
			[]string{"snapshot"},
			3,
			"n2 took over a state, and after 1 transactions its Done is 0, not 1",
		},
		{
			"a snapshot without the sessions",
			[]act{casts(1, r), delivers(1, r), keeping(restores(2, 1), forgetful)},
			[]string{"snapshot"},
			3,
			"n2 took over a state, and after 1 transactions it does not know that request 1 of c1 was executed",
		},
		{
			"a snapshot with another answer",
			[]act{casts(1, r), delivers(1, r), keeping(restores(2, 1), wrong)},
			[]string{"snapshot"},
			3,
			"n2 took over a state, and after 1 transactions its answer to request 1 of c1 is 7, not 1",
		},
		{
			"a request executed twice",
			[]act{casts(1, r, again), keeping(delivers(1, r), come([]tx{r})), keeping(delivers(1, again), twice)},
			[]string{"exactly-once"},
			3,
			"n1 delivered, and after 2 transactions its Done is 2, not 1",
		},
		{
			"a retry that is told another result",
			[]act{casts(1, r, again), delivers(1, r), reply(1), delivers(1, again), reply(2)},
			[]string{"exactly-once"},
			5,
			"n1 answers request 1 of c1 with 2, but executing it had given 1",
		},
	}
}

var replayCorruptions = []corruption{
	{"take over a state that has more", "snapshot", func(_ *rapid.T, g *soundness) ([]act, bool) {
		k := g.seen()
		if k == 0 {
			return nil, false
		}
		state := come(g.log[:k])
		state.Machine.Done++
		return append(g.acts, keeping(restores(2, g.log[k-1].slot), state)), true
	}},
	{"answer what was not the result", "exactly-once", func(t *rapid.T, g *soundness) ([]act, bool) {
		at := deliveries(g.acts)
		if len(at) == 0 {
			return nil, false
		}
		a := &g.acts[rapid.SampledFrom(at).Draw(t, "which")]
		reply, ok := a.effects[len(a.effects)-1].(protocols.Reply)
		reply.Result = -1
		a.effects = append(slices.Clone(a.effects), reply)
		return g.acts, ok
	}},
}

// What is taken over beside the trunk is compared with its own sequence.
func TestSnapshotOfABranch(t *testing.T) {
	others := []tx{{2, 1, asked(2, 1)}, {2, 2, asked(2, 2)}, {2, 3, asked(2, 3)}}
	restored := does(3, protocols.Note{Kind: protocols.Restored, Term: 2, Slot: 2})
	for done, verdict := range map[int]checker.Verdict{1: checker.Violated, 2: checker.Holds, 3: checker.Violated} {
		k := come(others[:2])
		k.Machine.Done = done
		f := judge(t, []act{
			casts(1, r), casts(2, others...), delivers(1, r), delivers(2, others...), keeping(restored, k),
		})["snapshot"]
		if f.Verdict != verdict || f.Checked == 0 {
			t.Errorf("%d executed: %+v", done, f)
		}
	}
}

// A value that stands for a request, but does not tell its command, leaves
// nothing to be compared with.
func TestReplayWithoutCommands(t *testing.T) {
	hidden := tx{1, 1, struct{ protocols.Originated }{asked(1, 1)}}
	f := judge(t, []act{casts(1, hidden), delivers(1, hidden), keeping(restores(2, 1), come(nil))})["snapshot"]
	if f.Verdict != checker.Holds || f.Checked != 0 {
		t.Errorf("%+v", f)
	}
}

// A change of members is no matter of the state machine's.
func TestReplayOfAChangeOfMembers(t *testing.T) {
	change := tx{1, 2, protocols.Requested{Client: 1, Request: 2, Command: protocols.Reconfigure{Members: []protocols.NodeID{1}}}}
	k := come([]tx{r})
	k.Last[1] = protocols.Reply{Client: 1, Request: 2}
	found := judge(t, []act{
		casts(1, r, change), keeping(delivers(1, r), come([]tx{r})),
		keeping(delivers(1, change), k), does(1, k.Last[1]), keeping(restores(2, 2), k),
	})
	for _, name := range []string{"snapshot", "exactly-once"} {
		if f := found[name]; f.Verdict != checker.Holds || f.Checked == 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
	k.Machine.Done++
	if f := judge(t, []act{casts(1, r, change), delivers(1, r, change), keeping(restores(2, 2), k)})["snapshot"]; f.Verdict != checker.Violated {
		t.Errorf("it was applied: %+v", f)
	}
}
