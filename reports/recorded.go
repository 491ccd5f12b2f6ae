package reports

import (
	"context"
	"math"

	"quorumlab/checker/linear"
	"quorumlab/reports/measure"
)

// Recording is a history from elsewhere.
type Recording struct {
	Name    string // of its file
	History linear.History
	Clock   linear.Clock
}

// Recorded measures what histories tell, a row each. What only an onlooker knows
// stays unknown, and where a history has no times so does all that is a time.
func Recorded(ctx context.Context, recordings []Recording) (*Collected, error) {
	c := &Collected{models: Models(), history: true}
	for _, recording := range recordings {
		c.rows = append(c.rows, Row{
			Contender: Contender{ID: recording.Name, Title: recording.Name}, Phases: []string{"recorded"},
		})
		c.samples = append(c.samples, [][]sample{{recordedSample(ctx, &recording, c.models)}})
	}
	return c, ctx.Err()
}

func recordedSample(ctx context.Context, r *Recording, models []Model) sample {
	ops := measure.Of(r.History, nil)
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
	s.judge(ctx, judged{whole: r.History, plain: plainOf(r.History), initial: map[string]linear.Value{}, clock: r.Clock}, models)
	s.ops = ops
	return s
}
