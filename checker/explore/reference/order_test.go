package reference

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"quorumlab/checker/explore"
)

// reordered is a model whose successors come in another order.
type reordered struct {
	explore.Model
	order func(n int) []int
}

type reorderedExpander struct {
	explore.Expander
	stepper *explore.Stepper
	order   func(n int) []int
}

func (m reordered) Expander() explore.Expander {
	return reorderedExpander{m.Model.Expander(), explore.NewStepper(m.Model), m.order}
}

// Fairness implements explore.Fair as the model does.
func (m reordered) Fairness(label explore.Label) int {
	if fair, ok := m.Model.(explore.Fair); ok {
		return fair.Fairness(label)
	}
	return -1
}

func (x reorderedExpander) Initial(b *explore.Batch) {
	for _, state := range x.stepper.Initial() {
		copy(b.Next(), state)
		b.Done(0)
	}
}

func (x reorderedExpander) Expand(state []uint32, b *explore.Batch) {
	states, labels := x.stepper.Next(state)
	for _, i := range x.order(len(states)) {
		copy(b.Next(), states[i])
		b.Done(labels[i])
	}
}

// TestOrders: neither the order of the successors, nor the number of workers, nor
// the way of searching changes a count or a verdict. That holds for each model.
func TestOrders(t *testing.T) {
	backwards := func(n int) []int {
		var order []int
		for i := range n {
			order = append(order, n-1-i)
		}
		return order
	}
	middle := func(n int) []int { return append(backwards(n)[n/2:], backwards(n)[:n/2]...) }
	for _, entry := range All() {
		set := map[string]string{}
		if entry.Name == "paxoscommit-spec" {
			set["acceptors"] = "1"
		}
		model, _, err := entry.Make(set)
		if err != nil {
			t.Fatal(err)
		}
		want := sum(explored(t, entry.Name, set, explore.Options{Workers: 1, Audit: true}))
		for i, order := range []func(int) []int{backwards, middle} {
			r, err := explore.Run(context.Background(), reordered{model, order}, explore.Options{Workers: 1 + i})
			if err != nil {
				t.Fatal(err)
			}
			if got := sum(r); got != want {
				t.Errorf("%s, order %d: %s, want %s", entry.Name, i, got, want)
			}
		}
		r, err := explore.RunDepthFirst(context.Background(), model, explore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r.Depth = explored(t, entry.Name, set, explore.Options{Workers: 2, Wide: true}).Depth
		if got := sum(r); got != want {
			t.Errorf("%s, depth first: %s, want %s", entry.Name, got, want)
		}
	}
}

// sum tells what does not depend on how a model is explored.
func sum(r *explore.Result) string {
	var verdicts []explore.Verdict
	for _, f := range r.Findings {
		verdicts = append(verdicts, f.Verdict)
	}
	return fmt.Sprint(r.Distinct, r.Generated, r.Depth, r.Terminal, slices.Clone(r.Kinds), verdicts)
}
