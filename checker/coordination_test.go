package checker_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"quorumlab/checker"
	"quorumlab/protocols"
	"quorumlab/sim"
)

func acquires(node protocols.NodeID, session, token uint64) act {
	return does(node, protocols.Note{Kind: protocols.Acquired, Slot: session, Term: token, Text: "l"})
}

func releases(node protocols.NodeID, session uint64) act {
	return does(node, protocols.Note{Kind: protocols.Released, Slot: session, Text: "l"})
}

func admits(node protocols.NodeID, token uint64) act {
	return does(node, protocols.Note{Kind: protocols.Admitted, Term: token, Text: "r"})
}

func due(instant uint64) act {
	return does(1, protocols.Note{Kind: protocols.Due, Slot: instant, Text: "backup"})
}

func performs(node protocols.NodeID, instant uint64) act {
	return does(node, protocols.Note{Kind: protocols.Performed, Slot: instant, Text: "backup"})
}

// up lets all nodes run when an act is done.
func up(a act, now time.Duration) act {
	a.prepare = func(w *sim.World) {
		w.Now = now
		for i := range w.Nodes {
			w.Nodes[i].Up = true
		}
		w.Network.Restart(1)
		w.Network.Restart(2)
		w.Network.Restart(3)
	}
	return a
}

func soundCoordination() []act {
	return []act{
		acquires(1, 7, 1), acquires(1, 7, 1), releases(1, 8), releases(1, 7), acquires(2, 9, 2), releases(2, 9),
		acquires(1, 0, 3), boots(1), acquires(2, 0, 4), releases(2, 0), // n1 knows of nothing any more
		acquires(3, 0, 5), releases(3, 0), admits(1, 3), admits(2, 3), admits(1, 5),
		due(1), performs(2, 1), due(2), performs(1, 3), due(3), performs(1, 2),
	}
}

func brokenCoordination() []brokenRun {
	return []brokenRun{
		{
			"two sessions with one lock",
			[]act{acquires(1, 7, 1), acquires(2, 9, 2)},
			[]string{"lock"},
			2,
			`session 9 at n2 got lock "l", which session 7 at n1 has held since step 1`,
		},
		{
			"two nodes with one lock",
			[]act{up(acquires(1, 0, 0), 0), acquires(2, 0, 0)},
			[]string{"lock"},
			2,
			`n2 got lock "l", which n1 has held since step 1`,
		},
		{
			"a token that was overtaken",
			[]act{admits(1, 4), admits(2, 5), admits(1, 4)},
			[]string{"fencing"},
			3,
			`n1 let token 4 in at "r", where token 5 had been let in at step 2`,
		},
		{
			"a job done twice",
			[]act{due(1), performs(1, 1), performs(2, 1)},
			[]string{"job"},
			3,
			`n2 did job "backup", due at 1, once more: it was done at step 2`,
		},
		{
			"a job never done",
			[]act{due(1), due(2), performs(1, 1), up(does(1), time.Hour)},
			[]string{"job"},
			4,
			`job "backup", due at 2, has not been done by 1h0m0s, though the last fault was over at 0s`,
		},
	}
}

var coordinationCorruptions = []corruption{
	{"get a lock that is taken", "lock", func(_ *rapid.T, g *soundness) ([]act, bool) {
		return append(g.acts, acquires(1, 100, 1), acquires(2, 101, 1)), true
	}},
	{"let an old token in", "fencing", func(_ *rapid.T, g *soundness) ([]act, bool) {
		return append(g.acts, admits(1, 100), admits(2, 1)), true
	}},
	{"do a job again", "job", func(_ *rapid.T, g *soundness) ([]act, bool) {
		return append(g.acts, performs(1, 0)), true
	}},
}

// A job that is not done while something is wrong may still be.
func TestJobWaitsForTheRepair(t *testing.T) {
	f := judge(t, []act{due(1), up(does(1), 20*time.Millisecond)})["job"]
	if f.Verdict != checker.Holds {
		t.Errorf("%+v", f)
	}
}

// coordinationActs draws sound acts.
func coordinationActs(t *rapid.T) []act {
	var acts []act
	for token := range uint64(rapid.IntRange(1, 5).Draw(t, "locks")) {
		node := protocols.NodeID(rapid.IntRange(1, 3).Draw(t, "holder"))
		acts = append(acts,
			acquires(node, token+1, token+1), admits(node%3+1, token+1), due(token), releases(node, token+1), performs(node, token))
	}
	return acts
}
