package reports

import (
	"context"
	"math"
	"slices"

	"quorumlab/checker/linear"
	"quorumlab/reports/measure"
)

// Recording is a history from elsewhere.
type Recording struct {
	Name    string // of its file
	History linear.History
	// Transactions on lists are judged by the levels of isolation instead.
	Transactions []linear.Transaction
	Clock        linear.Clock
}

// Recorded measures what histories tell, a row each. What only an onlooker knows
// stays unknown, and where a history has no times so does all that is a time.
func Recorded(ctx context.Context, recordings []Recording) (*Collected, error) {
	c := &Collected{models: Models(), history: true}
	if slices.ContainsFunc(recordings, func(r Recording) bool { return r.Transactions != nil }) {
		c.models = append(c.models, isolationModels()...)
	}
	for _, recording := range recordings {
		c.rows = append(c.rows, Row{
			Contender: Contender{ID: recording.Name, Title: recording.Name}, Phases: []string{"recorded"},
		})
		c.samples = append(c.samples, [][]sample{{recordedSample(ctx, &recording, c.models)}})
	}
	return c, ctx.Err()
}

func recordedSample(ctx context.Context, r *Recording, models []Model) sample {
	history := r.History
	if r.Transactions != nil {
		history = asOperations(r.Transactions)
	}
	ops := measure.Of(history, nil)
	var s sample
	for i := range ops {
		if ops[i].Side == "" {
			ops[i].Side = SideAll
		}
		s.end = max(s.end, ops[i].Invoke)
		if ops[i].Return != linear.Never {
			s.end = max(s.end, ops[i].Return)
		}
	}
	s.windows(ops)
	deadline := deadlineDefault
	if r.Clock == linear.Lines {
		deadline = math.MaxInt64 / 2 // there are no times to be late by
	}
	s.clientSide(ops, deadline)
	if r.Clock == linear.Lines {
		s.latencies, s.rates, s.timeline = nil, [3]rates{}, nil
		for i := range s.reads {
			s.reads[i].Age, s.reads[i].Since = 0, -1
		}
	}
	s.ops = ops
	h := judged{whole: r.History, plain: plainOf(r.History), initial: map[string]linear.Value{}, clock: r.Clock}
	if r.Transactions != nil {
		h.isolation = judgeIsolation(r.Transactions, r.Clock)
	} else {
		j := judgeLinearizable(ctx, h)
		h.linearizable = &j
	}
	s.judge(ctx, h, models)
	return s
}
