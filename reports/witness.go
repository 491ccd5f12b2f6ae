package reports

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"quorumlab/checker/linear"
	"quorumlab/reports/film"
	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// Create writes a file of a report by a function; the name is relative to the
// report's folder and uses slashes.
type Create func(name string, write func(io.Writer) error) error

// Evidence executes again the runs in which something was violated, and writes
// what proves it beside the report: the scenario and a history of each row; and
// of each witness the trace, and porcupine's page for each key that is not
// linearizable. It fills in where the witnesses are to be seen.
func (c *Collected) Evidence(ctx context.Context, lab *scenarios.Lab, r *Report, create Create) error {
	for i := range r.Rows {
		if c.rows[i].Scenario == nil {
			continue
		}
		if err := c.evidence(ctx, lab, &c.rows[i], &r.Rows[i], create); err != nil {
			return fmt.Errorf("%s: %w", c.rows[i].ID, err)
		}
	}
	return nil
}

func (c *Collected) evidence(ctx context.Context, lab *scenarios.Lab, row *Row, report *RowReport, create Create) error {
	report.File = path.Join(row.ID, "scenario.yaml")
	if err := create(report.File, func(w io.Writer) error {
		_, err := io.WriteString(w, row.Scenario.Text)
		return err
	}); err != nil {
		return err
	}
	shown, first := row.Phases[0], c.seeds[0]
	done := map[string]bool{} // a run may be the witness of several verdicts
	for v := range report.Verdicts {
		w := report.Verdicts[v].Witness
		if w == nil {
			continue
		}
		run := fmt.Sprintf("%s-seed%d", w.Phase, w.Seed)
		w.Trace = path.Join(row.ID, run+".trace.jsonl")
		result, err := c.again(ctx, lab, row, w, create, done[run])
		if err != nil {
			return err
		}
		w.locate(result)
		if w.diagram, err = diagramOf(ctx, lab, row, w, result); err != nil {
			return err
		}
		if len(done) == 0 {
			shown, first = w.Phase, w.Seed
		}
		done[run] = true
		if v == 0 {
			if w.Page, err = pages(ctx, row.ID, run, w.Key, result, create); err != nil {
				return err
			}
		}
	}
	return c.writeHistory(ctx, lab, row, shown, first, create)
}

// again executes the run of a witness once more, and writes its trace if that was
// not done before.
func (c *Collected) again(ctx context.Context, lab *scenarios.Lab, row *Row, w *Witness, create Create, written bool) (*scenarios.Result, error) {
	options := scenarios.Options{Seed: w.Seed}
	if written {
		options.Hashless = true
		return lab.Execute(ctx, row.Scenario, row.run(w.Phase), options)
	}
	var result *scenarios.Result
	err := create(w.Trace, func(out io.Writer) (err error) {
		options.Trace = out
		result, err = lab.Execute(ctx, row.Scenario, row.run(w.Phase), options)
		return err
	})
	return result, err
}

// locate finds the step by which the last operation of the witness was over.
func (w *Witness) locate(result *scenarios.Result) {
	inWitness := map[int]bool{}
	for _, id := range w.Operations {
		inWitness[id] = true
	}
	for i := range result.History {
		if inWitness[result.History[i].ID] {
			w.Step = max(w.Step, result.Moments[i].Return)
		}
	}
	w.Command = "quorumlab step " + w.Trace + " --at " + strconv.FormatUint(w.Step, 10)
}

// aroundMost bounds the steps that a diagram shows of one operation.
const aroundMost = 60

// diagramOf draws what happened while the operations of a witness were under way,
// and the faults between them.
func diagramOf(ctx context.Context, lab *scenarios.Lab, row *Row, w *Witness, result *scenarios.Result) (string, error) {
	keep, clients := map[uint64]bool{}, map[string]bool{}
	for i := range result.History {
		if !slices.Contains(w.Operations, result.History[i].ID) {
			continue
		}
		clients[result.History[i].Client] = true
		from, to := result.Moments[i].Invoke, result.Moments[i].Return
		if to == 0 {
			to = from + aroundMost
		}
		for step := from; step <= to; step++ {
			if step < from+aroundMost/2 || step+aroundMost/2 > to {
				keep[step] = true
			}
		}
	}
	made, err := film.Shoot(ctx, lab, film.Take{
		Scenario: row.Scenario, Run: row.run(w.Phase), Options: scenarios.Options{Seed: w.Seed}, Bare: true,
		Clients: clients, Keep: func(step uint64) bool { return keep[step] },
	})
	if err != nil {
		return "", err
	}
	var svg strings.Builder
	err = made.Diagram(&svg, true)
	return svg.String(), err
}

func (c *Collected) writeHistory(ctx context.Context, lab *scenarios.Lab, row *Row, phase string, seed uint64, create Create) error {
	result, err := lab.Execute(ctx, row.Scenario, row.run(phase), scenarios.Options{Seed: seed, Hashless: true})
	if err != nil {
		return err
	}
	single, transactions := result.History.Apart()
	err = create(path.Join(row.ID, "history.jsonl"), func(w io.Writer) error {
		return linear.Encode(w, append(scenarios.Initial(&result.Run), single...))
	})
	if err != nil || len(transactions) == 0 {
		return err
	}
	return create(path.Join(row.ID, "transactions.jsonl"), func(w io.Writer) error {
		return linear.EncodeTransactions(w, transactions)
	})
}

// pages writes porcupine's page of each key of a run that is not linearizable, and
// returns the name of that of a key.
func pages(ctx context.Context, folder, run, key string, result *scenarios.Result, create Create) (string, error) {
	single, _ := result.History.Apart()
	left := append(scenarios.Initial(&result.Run), single...)
	var faults []linear.Fault
	for _, f := range result.Faults {
		faults = append(faults, linear.Fault{From: int64(f.From), To: int64(f.To), Text: faultWords(f)})
	}
	wanted := ""
	for ctx.Err() == nil {
		found, err := linear.Check(ctx, left, linear.KV(), linear.Options{Steps: linearSteps})
		if err != nil || found.Verdict != linear.Violated {
			return wanted, err
		}
		name := path.Join(folder, run+"-"+found.Key+".html")
		if wanted == "" || found.Key == key {
			wanted = name
		}
		err = create(name, func(w io.Writer) error { return linear.Visualize(w, left, found, faults) })
		if err != nil {
			return wanted, err
		}
		left = without(left, found.Key)
	}
	return wanted, ctx.Err()
}

// without leaves out a key, and those that transfers join to it, by moving or by looking.
func without(history linear.History, key string) linear.History {
	joined := map[string]bool{key: true}
	for grown := true; grown; {
		grown = false
		for i := range history {
			op := &history[i]
			if op.Kind != linear.Transfer {
				continue
			}
			for _, other := range []string{op.To, cmp.Or(op.Look, op.To)} {
				if joined[op.Key] != joined[other] {
					joined[op.Key], joined[other], grown = true, true, true
				}
			}
		}
	}
	var left linear.History
	for _, op := range history {
		if !joined[op.Key] {
			left = append(left, op)
		}
	}
	return left
}

// faultWords names a fault.
func faultWords(f scenarios.FaultSpan) string {
	switch {
	case f.Node != "":
		return string(f.Kind) + " of " + f.Node
	case len(f.Groups) > 1 && f.Kind == language.FaultPartition:
		text := "cut: "
		for i, group := range f.Groups {
			if i > 0 {
				text += " | "
			}
			for n, node := range group {
				if n > 0 {
					text += " "
				}
				text += node
			}
		}
		return text
	}
	return string(f.Kind)
}
