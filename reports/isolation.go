package reports

import (
	"context"
	"slices"

	"quorumlab/checker/linear"
	"quorumlab/scenarios"
)

// asOperations shows transactions on lists as operations of a history.
func asOperations(transactions []linear.Transaction) linear.History {
	history := make(linear.History, len(transactions))
	for i, t := range transactions {
		history[i] = linear.Operation{
			ID: t.ID, Session: t.Session, Client: t.Client, Kind: linear.Txn, Lists: t.Ops,
			Invoke: t.Invoke, Return: t.Return, Outcome: t.Outcome, Error: t.Error,
		}
	}
	return history
}

// isolationJudged is what the transactions of a history show.
type isolationJudged struct {
	result linear.TransactionsResult
	err    error
}

// judgeIsolation looks for anomalies in transactions; nil if there are none to look at.
func judgeIsolation(transactions []linear.Transaction, clock linear.Clock) *isolationJudged {
	if len(transactions) == 0 {
		return nil
	}
	result, err := linear.CheckTransactions(transactions, clock)
	return &isolationJudged{result, err}
}

// sticky are the levels that can be had on all sides of a cut (Bailis et al., "Highly
// Available Transactions", VLDB 2013).
var sticky = []string{"read-uncommitted", "read-committed"}

// isolationModels returns the levels of isolation as models, the strongest first. What
// is no transaction says nothing of them.
func isolationModels() []Model {
	var models []Model
	var weaker []string
	for _, level := range linear.Levels() {
		meaning := "No transaction on lists shows"
		for i, anomaly := range level.Forbids {
			if i > 0 {
				meaning += ","
			}
			meaning += " " + string(anomaly)
		}
		models = append([]Model{{
			Name: level.Name, Meaning: meaning + ".", Sticky: slices.Contains(sticky, level.Name), Isolation: true,
			Implies: slices.Clone(weaker),
			judge:   func(_ context.Context, h judged) judgement { return judgeLevel(h, level) },
		}}, models...)
		weaker = append(weaker, level.Name)
	}
	return models
}

func judgeLevel(h judged, level linear.Level) judgement {
	switch {
	case h.isolation == nil:
		return judgement{verdict: linear.Unknown, vacuous: true, words: "it has no transactions on lists"}
	case h.isolation.err != nil:
		return judgement{verdict: linear.Unknown, words: h.isolation.err.Error()}
	}
	j := judgement{verdict: linear.Holds, tested: h.isolation.result.Links}
	if found := h.isolation.result.Of(level); found != nil {
		j.verdict, j.witness, j.words = linear.Violated, asOperations(found.Witness), found.Explanation
	} else if j.tested == 0 {
		j.verdict, j.vacuous, j.words = linear.Unknown, true, "no transaction on lists was answered of which another tells"
	}
	return j
}

// transact tells whether clients of some run are to do transactions on lists.
func transact(rows []Row) bool {
	for _, row := range rows {
		for i := range row.Scenario.Runs {
			run := &row.Scenario.Runs[i]
			if slices.Contains(row.Phases, run.Name) && scenarios.Transacts(run) {
				return true
			}
		}
	}
	return false
}
