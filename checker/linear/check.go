package linear

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

// Verdict is what a check found.
type Verdict string

// The verdicts.
const (
	Holds    Verdict = "holds"
	Violated Verdict = "violated"
	// Unknown: the bound was met or the context ended before it was decided.
	Unknown Verdict = "unknown"
)

// StepsDefault is the bound of a check where none is given: some seconds and
// a gigabyte on one key in the worst case.
const StepsDefault = 5_000_000

// firstShare divides the steps that every key gets before any gets all.
const firstShare = 50

// Options of a check.
type Options struct {
	// Steps bounds the search on each key: how often the model may be asked
	// whether one operation can come next. Unlike a time it gives the same
	// verdict on every machine. 0 means StepsDefault.
	Steps int
	// Clock says what the times of the history are, for the explanation.
	Clock Clock
}

// Result is the verdict on a history and what it rests on.
type Result struct {
	Verdict Verdict
	Model   Model
	// Key is a key that is violated (Violated; others may be too, the search
	// ends there) or not decided (Unknown). Of several that are found with
	// equal ease it is the first by name.
	Key string
	// Offender is the ID of the read or CAS with whose answer the history
	// stopped being linearizable: without it, and without all that happened
	// after it, the key's history can be put in order. It is in Witness.
	Offender int
	// Witness is a small part of the key's history, by invocation, that is
	// not linearizable by itself and proves that the whole is not. It is
	// empty unless Violated.
	Witness History
	// Undecided lists the keys on which the bound was met or that the
	// context left no time for.
	Undecided []string
	// Explanation says it in words, one sentence, "" if the verdict is Holds.
	Explanation string
}

// Check judges whether a history is linearizable: whether on each key, or on all
// keys that transfers join, all
// operations can be put in one order that the model allows and that keeps
// every operation after all that had returned before it was invoked.
//
// The context ends the check early with Unknown, unless a violation was found
// by then. An error means that the history is not valid or not of this model.
func Check(ctx context.Context, history History, model Model, options Options) (Result, error) {
	if err := history.Validate(); err != nil {
		return Result{}, err
	}
	if err := model.fits(history); err != nil {
		return Result{}, err
	}
	result := Result{Verdict: Holds, Model: model}
	whole := newSearch(ctx, options)
	pending := model.parts(history)
	for _, part := range pending {
		byInvocation(part)
	}
	// A key that is hard to decide must not hide one that is plainly violated,
	// so first all keys get a small share of the steps.
	for _, steps := range [...]int{whole.steps / firstShare, whole.steps} {
		s := search{ctx: ctx, steps: max(steps, 1)}
		var undecided []History
		for _, part := range pending {
			switch s.verdict(part) {
			case Holds:
			case Violated:
				offender, witness := whole.witness(part)
				result.Verdict, result.Key = Violated, offender.Key
				result.Offender, result.Witness = offender.ID, witness
				result.Explanation = explain(part, witness, offender, options.Clock)
				return result, nil
			case Unknown:
				undecided = append(undecided, part)
			}
		}
		pending = undecided
	}
	for _, part := range pending {
		result.Undecided = append(result.Undecided, part[0].Key)
	}
	if len(result.Undecided) > 0 {
		result.Verdict, result.Key = Unknown, result.Undecided[0]
		result.Explanation = explainUnknown(ctx, result.Undecided, options)
	}
	return result, nil
}

// search judges histories of one key within the bounds of a check.
type search struct {
	ctx   context.Context
	steps int
}

func newSearch(ctx context.Context, options Options) search {
	s := search{ctx: ctx, steps: options.Steps}
	if s.steps <= 0 {
		s.steps = StepsDefault
	}
	return s
}

// stopped reports whether the context ended.
func (s search) stopped() bool { return s.ctx.Err() != nil }

// verdict judges the operations of one key. It is the plain search: it stops
// at the first order that is found.
func (s search) verdict(ops History) Verdict {
	if s.stopped() {
		return Unknown
	}
	prepared := byInvocation(prepare(ops))
	c := specify(prepared, s.steps, s.stopped)
	history := make([]porcupine.Operation, len(prepared))
	for i := range prepared {
		history[i] = c.operation(&prepared[i], &prepared[i], 0)
	}
	// No time-out of porcupine's own: it is a wall clock, and leaves its
	// goroutine running. The cell ends the search.
	found := porcupine.CheckOperations(c.searched(), history)
	switch {
	case c.met():
		return Unknown
	case found:
		return Holds
	}
	return Violated
}

// byInvocation sorts operations, in place, into one order that does not depend
// on how the history was recorded.
func byInvocation(ops History) History {
	slices.SortFunc(ops, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Invoke, b.Invoke), cmp.Compare(a.Return, b.Return), cmp.Compare(a.ID, b.ID))
	})
	return ops
}

// explainUnknown says why keys were not decided.
func explainUnknown(ctx context.Context, keys []string, options Options) string {
	names := make([]string, min(len(keys), 3))
	for i := range names {
		names[i] = nameOfKey(keys[i])
	}
	where := strings.Join(names, ", ")
	if more := len(keys) - len(names); more > 0 {
		where += fmt.Sprintf(" and %d more", more)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Sprintf("not decided for %s: %v", where, err)
	}
	return fmt.Sprintf("not decided for %s within %d steps; allow more steps",
		where, newSearch(ctx, options).steps)
}
