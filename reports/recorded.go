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
		c.models = append(c.models, isolation()...)
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
	if r.Transactions != nil {
		s.verdicts = judgeTransactions(r, models)
		return s
	}
	h := judged{whole: r.History, plain: plainOf(r.History), initial: map[string]linear.Value{}, clock: r.Clock}
	j := judgeLinearizable(ctx, h)
	h.linearizable = &j
	s.judge(ctx, h, models)
	return s
}

// transacted is the kind of operation that stands for a transaction.
const transacted linear.Kind = "transaction"

// asOperations shows transactions as operations, of which it is known when they
// were asked and answered, and nothing else.
func asOperations(transactions []linear.Transaction) linear.History {
	history := make(linear.History, len(transactions))
	for i, t := range transactions {
		history[i] = linear.Operation{
			ID: t.ID, Session: t.Session, Client: t.Client, Kind: transacted,
			Invoke: t.Invoke, Return: t.Return, Outcome: t.Outcome, Error: t.Error,
		}
	}
	return history
}

// isolation returns the levels of isolation as models, the strongest first. What is
// no transaction says nothing of them.
func isolation() []Model {
	var models []Model
	for _, level := range linear.Levels() {
		meaning := "No transaction shows"
		for i, anomaly := range level.Forbids {
			if i > 0 {
				meaning += ","
			}
			meaning += " " + string(anomaly)
		}
		models = append([]Model{{
			Name: level.Name, Meaning: meaning + ".",
			judge: func(context.Context, judged) judgement {
				return judgement{verdict: linear.Unknown, vacuous: true, words: "it has no transactions on lists"}
			},
		}}, models...)
	}
	return models
}

// judgeTransactions judges transactions by each level of isolation; the other
// models are about single operations.
func judgeTransactions(r *Recording, models []Model) []judgement {
	result, err := linear.CheckTransactions(r.Transactions, r.Clock)
	verdicts := make([]judgement, len(models))
	for i, m := range models {
		verdicts[i] = judgement{verdict: linear.Unknown, vacuous: true, words: "transactions on lists are judged by levels of isolation"}
		for _, level := range linear.Levels() {
			switch {
			case level.Name != m.Name:
			case err != nil:
				verdicts[i] = judgement{verdict: linear.Unknown, words: err.Error()}
			default:
				verdicts[i] = judgement{verdict: linear.Holds, tested: result.Links}
				if found := result.Of(level); found != nil {
					verdicts[i] = judgement{
						verdict: linear.Violated, tested: result.Links, witness: asOperations(found.Witness),
						words: string(found.Anomaly) + ": " + found.Explanation,
					}
				}
			}
		}
	}
	return verdicts
}
