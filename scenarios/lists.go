package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"quorumlab/checker"
	"quorumlab/checker/linear"
	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/scenarios/language"
)

// listStepsMax is how much a transaction that is drawn does at most.
const listStepsMax = 4

// drawLists draws what a transaction does. The first step is on key; elements are
// made of a text that nobody else has.
func drawLists(keys []string, key, own string, random network.Source) []language.ListStep {
	steps := make([]language.ListStep, 1+network.Below(random, listStepsMax))
	for i := range steps {
		if i > 0 {
			key = keys[network.Below(random, uint64(len(keys)))]
		}
		steps[i].Key = key
		if network.Below(random, 2) == 0 {
			steps[i].Element = fmt.Sprintf("%s.%d", own, i+1)
		}
	}
	return steps
}

// transaction is what a client asks of the nodes for a transaction on lists.
func transaction(steps []language.ListStep) machine.Transaction {
	var t machine.Transaction
	for _, step := range steps {
		c := machine.Command{Op: machine.Get, Key: step.Key}
		if step.Element != "" {
			c = machine.Command{Op: machine.Append, Key: step.Key, Value: step.Element}
		}
		t.Commands = append(t.Commands, c)
	}
	return t
}

// listOps returns what a client wants of lists.
func listOps(t machine.Transaction) []linear.ListOp {
	ops := make([]linear.ListOp, len(t.Commands))
	for i, c := range t.Commands {
		switch ops[i].Key = c.Key; c.Op {
		case machine.Get:
			ops[i].Read = true
		case machine.Append:
			ops[i].Element = c.Value
		default:
			panic(fmt.Sprintf("scenarios: no transaction on lists: %+v", t))
		}
	}
	return ops
}

// seen fills in what a transaction read. A node that errs may answer what was
// never asked: then the lists stay empty.
func seen(op *linear.Operation, result protocols.Result) {
	answer, ok := result.(machine.TransactionResult)
	if !ok || answer.Error != "" || answer.Aborted {
		panic(fmt.Sprintf("scenarios: a machine cannot execute %+v: %+v", op.Lists, result))
	}
	for i, r := range answer.Results {
		if i < len(op.Lists) && op.Lists[i].Read && r.Found {
			op.Lists[i].List = strings.Split(r.Value, machine.Separator)
		}
	}
}

// Transacts tells whether clients of a run are to do transactions on lists.
func Transacts(run *language.Run) bool {
	return slices.ContainsFunc(run.Script, func(o language.Operation) bool { return o.Kind == language.Transaction }) ||
		slices.ContainsFunc(run.Random, func(g language.Generator) bool {
			return slices.ContainsFunc(g.Mix, func(w language.Weight) bool { return w.Kind == language.Transaction })
		})
}

// strictest is the level of isolation that is judged wherever there are
// transactions on lists.
func strictest() string {
	levels := linear.Levels()
	return levels[len(levels)-1].Name
}

// isolation judges transactions on lists: by each level of isolation that is asked
// for, and by the strictest in any case.
func (j *judgement) isolation(transactions []linear.Transaction) {
	if len(transactions) == 0 {
		return
	}
	result, err := linear.CheckTransactions(transactions, linear.Nanoseconds)
	valid(err)
	for _, level := range linear.Levels() {
		if !j.asked(level.Name) && level.Name != strictest() {
			continue
		}
		v := Verdict{Property: level.Name, Verdict: Holds, Vacuous: result.Links == 0}
		if found := result.Of(level); found != nil {
			v.Verdict, v.Witness = Violated, found.Explanation
			v = j.lastOver(v, found.Witness)
		}
		j.add(v)
	}
}

// lastOver is evident, of transactions.
func (j *judgement) lastOver(v Verdict, witness []linear.Transaction) Verdict {
	for i := range witness {
		if step := j.over(witness[i].ID); step > v.Step {
			v.Step, v.Operation = step, witness[i].ID
		}
	}
	return v
}

// levels describes the levels of isolation, the strictest first.
func levels() []checker.Description {
	var all []checker.Description
	for _, level := range linear.Levels() {
		names := make([]string, len(level.Forbids))
		for i, anomaly := range level.Forbids {
			names[i] = string(anomaly)
		}
		all = append(all, checker.Description{
			Name:     level.Name,
			Sentence: "No transaction on lists shows one of the anomalies " + strings.Join(names, ", ") + ".",
			Source:   "Adya: Weak consistency, 1999; Kingsbury, Alvaro: Elle: inferring isolation anomalies from experimental observations, VLDB 2020",
		})
	}
	return all
}
