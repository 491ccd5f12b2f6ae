package reports

import (
	"context"
	"slices"

	"quorumlab/checker/linear"
	"quorumlab/scenarios"
)

// Model is a consistency model: a step of the ladder of verdicts.
type Model struct {
	Name    string
	Meaning string // one sentence
	// Sticky: it can be had by every node that answers, whatever is cut, as long as
	// clients stay with their nodes (Bailis et al., "Highly Available Transactions",
	// VLDB 2013). What is stronger cannot, and who shows it while all is answered
	// on all sides of a cut is a bug of the lab.
	Sticky bool
	// Isolation: it is about transactions on lists, and says nothing of others.
	Isolation bool
	// Implies names the weaker models that follow from it.
	Implies []string
	judge   func(ctx context.Context, h judged) judgement
}

// judged is a history to be judged.
type judged struct {
	whole   linear.History          // with the initial values as writes
	plain   linear.History          // without transfers, what touches their keys, and initial values
	initial map[string]linear.Value // of the keys of plain
	clock   linear.Clock
	// quiet is when the last fault ended.
	quiet int64
	// linearizable is the verdict on whole, if it is known already.
	linearizable *judgement
	// isolation is what CheckTransactions says of the transactions on lists, nil if
	// there are none.
	isolation *isolationJudged
}

// judgement is a verdict on one history.
type judgement struct {
	verdict linear.Verdict
	witness linear.History
	words   string
	key     string // that is violated, "" if no single one
	// tested is how much could have violated it; vacuous: nothing could.
	tested  int
	vacuous bool
}

// The bounds of the searches; beyond them a verdict is unknown.
const (
	linearSteps     = 2_000_000
	sequentialSteps = 30_000
)

// linearizable is the name of the strongest model.
const linearizable = scenarios.Linearizable

func modelAt(models []Model, name string) int {
	return slices.IndexFunc(models, func(m Model) bool { return m.Name == name })
}

// Models returns the ladder, the strongest first.
func Models() []Model {
	sessions := []string{}
	for _, g := range linear.Guarantees() {
		sessions = append(sessions, string(g))
	}
	models := []Model{
		{
			Name:    linearizable,
			Meaning: "Every operation takes effect at one instant between its invocation and its answer.",
			Implies: append([]string{scenarios.Sequential, scenarios.Causal, scenarios.Eventual}, sessions...),
			judge:   judgeLinearizable,
		},
		{
			Name:    scenarios.Sequential,
			Meaning: "All operations can be put in one order that keeps the order of each session.",
			Implies: append([]string{scenarios.Causal}, sessions...),
			judge:   judgeSequential,
		},
		{
			Name:    scenarios.Causal,
			Meaning: "Every session sees all writes in an order in which what depends on something comes after it.",
			Sticky:  true, Implies: sessions,
			judge: func(_ context.Context, h judged) judgement { return judgeCausal(h) },
		},
	}
	for _, g := range []struct {
		guarantee linear.Guarantee
		meaning   string
	}{
		{linear.ReadYourWrites, "What a session reads is not older than what it wrote before."},
		{linear.MonotonicReads, "What a session reads is not older than what it read before."},
		{linear.MonotonicWrites, "Who has seen a session's write has seen the session's writes before it."},
		{linear.WritesFollowReads, "Who has seen a session's write has seen what the session had read before it."},
	} {
		models = append(models, Model{
			Name: string(g.guarantee), Meaning: g.meaning, Sticky: true,
			judge: func(_ context.Context, h judged) judgement { return judgeSession(h, g.guarantee) },
		})
	}
	return append(models, Model{
		Name:    scenarios.Eventual,
		Meaning: "When all has been quiet for two seconds, everybody reads the same.",
		Sticky:  true,
		judge:   func(_ context.Context, h judged) judgement { return judgeEventual(h) },
	})
}

// judgeLinearizable looks at the keys without transfers first: what is wrong with
// a register is easier to see than what is wrong with a balance.
func judgeLinearizable(ctx context.Context, h judged) judgement {
	if h.linearizable != nil {
		return *h.linearizable
	}
	j := checkLinearizable(ctx, append(initialOf(h), h.plain...), h.clock)
	if j.verdict != linear.Violated {
		j = checkLinearizable(ctx, h.whole, h.clock)
	}
	j.tested = len(h.whole)
	return j
}

func checkLinearizable(ctx context.Context, history linear.History, clock linear.Clock) judgement {
	result, err := linear.Check(ctx, history, linear.KV(), linear.Options{Steps: linearSteps, Clock: clock})
	if err != nil {
		return judgement{verdict: linear.Unknown, words: err.Error()}
	}
	return judgement{verdict: result.Verdict, witness: result.Witness, words: result.Explanation, key: result.Key}
}

// initialOf returns those operations of the whole that stand for initial values of
// keys of plain.
func initialOf(h judged) linear.History {
	keys := h.plain.Keys()
	var initial linear.History
	for _, op := range h.whole {
		if op.ID < 0 && slices.Contains(keys, op.Key) {
			initial = append(initial, op)
		}
	}
	return initial
}

// judgeSequential does not search where the answer is known: what is linearizable
// is sequentially consistent.
func judgeSequential(ctx context.Context, h judged) judgement {
	if h.linearizable != nil && h.linearizable.verdict == linear.Holds {
		return judgement{verdict: linear.Holds, tested: len(h.plain)}
	}
	result, err := linear.CheckSequential(ctx, h.plain, h.initial, linear.Options{Steps: sequentialSteps, Clock: h.clock})
	if err != nil {
		return judgement{verdict: linear.Unknown, words: err.Error()}
	}
	return judgement{verdict: result.Verdict, witness: result.Witness, words: result.Explanation, tested: len(h.plain)}
}

func judgeSession(h judged, guarantee linear.Guarantee) judgement {
	result, err := linear.CheckSessions(h.plain, guarantee, linear.SessionOptions{Initial: h.initial, Clock: h.clock})
	if err != nil {
		return judgement{verdict: linear.Unknown, words: err.Error()}
	}
	return judgement{verdict: result.Verdict, witness: result.Witness, words: result.Explanation, tested: result.Statements}
}

func judgeCausal(h judged) judgement {
	result, err := linear.CheckCausal(h.plain, linear.SessionOptions{Initial: h.initial, Clock: h.clock})
	if err != nil {
		return judgement{verdict: linear.Unknown, words: err.Error()}
	}
	return judgement{verdict: result.Verdict, witness: result.Witness, words: result.Explanation, tested: result.Statements}
}

// settle is how long it may take until all read the same.
const settle = int64(2e9)

func judgeEventual(h judged) judgement {
	if h.clock == linear.Lines {
		return judgement{verdict: linear.Unknown, vacuous: true, words: "the history has no times, and eventual is a matter of time"}
	}
	result, err := linear.CheckEventual(readTwice(h.plain, h.quiet), linear.EventualOptions{Initial: h.initial, Clock: h.clock, Quiet: h.quiet, Settle: settle})
	if err != nil {
		return judgement{verdict: linear.Unknown, words: err.Error()}
	}
	return judgement{
		verdict: result.Verdict, witness: result.Witness, words: result.Explanation, tested: result.Reads,
		vacuous: result.Verdict == linear.Unknown && result.Reads == 0,
	}
}

// readTwice leaves out the keys that were read once only, or never, from an instant
// on: nobody can disagree about them.
func readTwice(history linear.History, from int64) linear.History {
	reads := map[string]int{}
	for i := range history {
		if op := &history[i]; op.Kind == linear.Read && op.Outcome == linear.OK && op.Invoke >= from+settle {
			reads[op.Key]++
		}
	}
	var kept linear.History
	for _, op := range history {
		if reads[op.Key] > 1 {
			kept = append(kept, op)
		}
	}
	return kept
}

// plainOf leaves out transfers and all that touches their keys: of balances that
// nobody wrote the weaker models cannot be judged. What is violated by a part of
// the keys is violated by all.
func plainOf(history linear.History) linear.History {
	moved := map[string]bool{}
	for i := range history {
		if op := &history[i]; op.Kind == linear.Transfer {
			moved[op.Key], moved[op.To] = true, true
		}
	}
	var plain linear.History
	for _, op := range history {
		if !moved[op.Key] {
			plain = append(plain, op)
		}
	}
	return plain
}
