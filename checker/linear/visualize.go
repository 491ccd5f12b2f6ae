package linear

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/anishathalye/porcupine"
)

// Fault is something that was wrong with the world for a while, to be shown
// beside the operations.
type Fault struct {
	From, To int64 // virtual nanoseconds, as in the history
	Text     string
}

// Visualize writes porcupine's interactive page for the violated key of a
// result: an HTML file that loads nothing. The same arguments give the same
// bytes. Failed operations, and those of unknown outcome that the verdict does
// not depend on, are shown as annotations.
func Visualize(w io.Writer, history History, result Result, faults []Fault) error {
	return visualize(w, history, result, faults, StepsDefault)
}

// visualize searches no further than steps; the page then shows how far it got.
func visualize(w io.Writer, history History, result Result, faults []Fault, steps int) error {
	if result.Verdict != Violated {
		return errors.New("only a violated key can be shown")
	}
	ops := history.joined(result.Key)
	if len(ops) == 0 {
		return fmt.Errorf("the history has no operation on %s", nameOfKey(result.Key))
	}
	// Only now verbose, and only on this key: with computing partial orders
	// porcupine does not stop at the first key that is violated.
	byID := make(map[int]*Operation, len(ops))
	for i := range ops {
		byID[ops[i].ID] = &ops[i]
	}
	searched := byInvocation(widen(prepare(ops), byID))
	rows := rowsOf(ops)
	c := specify(searched, steps, func() bool { return false })
	operations := make([]porcupine.Operation, len(searched))
	for i := range searched {
		operations[i] = c.operation(&searched[i], byID[searched[i].ID], rows[searched[i].ID])
	}
	_, info := porcupine.CheckOperationsVerbose(c.searched(), operations, 0)
	sortPartials(info)
	info.AddAnnotations(annotations(ops, searched, rows, faults))
	// Unbounded from here: the page replays the partial orders.
	return porcupine.Visualize(c.replayed(), info, w)
}

// widen gives operations with a known outcome their own intervals back, which
// narrow had shortened; the others stay closed where they had to have happened.
func widen(prepared History, byID map[int]*Operation) History {
	for i := range prepared {
		if own := byID[prepared[i].ID]; own.Outcome == OK {
			prepared[i].Invoke, prepared[i].Return = own.Invoke, own.Return
		}
	}
	return prepared
}

// rowsOf gives each operation its row: one for a session, and a fresh one after
// each operation of unknown outcome, which reaches to the end of its row.
func rowsOf(ops History) map[int]int {
	sorted := slices.Clone(ops)
	slices.SortFunc(sorted, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Invoke, b.Invoke), cmp.Compare(a.ID, b.ID))
	})
	rows := make(map[int]int, len(ops))
	row := 0
	for i := range sorted {
		if i > 0 && (sorted[i].Session != sorted[i-1].Session || sorted[i-1].Outcome == Info) {
			row++
		}
		rows[sorted[i].ID] = row
	}
	return rows
}

// sortPartials puts the partial orders into an order of their own: porcupine
// collects them by walking a map. PartialLinearizations shares its slices, so
// sorting them here is enough. Longest first, as porcupine's own (unstable)
// sort wants them.
func sortPartials(info porcupine.LinearizationInfo) {
	for _, partials := range info.PartialLinearizations() {
		slices.SortFunc(partials, func(a, b []int) int {
			return cmp.Or(cmp.Compare(len(b), len(a)), slices.Compare(a, b))
		})
	}
}

// annotations shows what the search did not need, and the faults.
func annotations(ops, searched History, rows map[int]int, faults []Fault) []porcupine.Annotation {
	used := make(map[int]struct{}, len(searched))
	end := ops[0].Invoke
	for i := range searched {
		used[searched[i].ID] = struct{}{}
		end = max(end, searched[i].Return)
	}
	var shown []porcupine.Annotation
	for i := range ops {
		if _, ok := used[ops[i].ID]; ok {
			continue
		}
		until := ops[i].Return
		if until == Never {
			until = max(end, ops[i].Invoke)
		}
		shown = append(shown, porcupine.Annotation{
			ClientId: rows[ops[i].ID], Start: ops[i].Invoke, End: until,
			Description: labelOf(&ops[i]), Details: ops[i].Error,
		})
	}
	for _, fault := range faults {
		shown = append(shown, porcupine.Annotation{
			Tag: "faults", Start: fault.From, End: fault.To, Description: fault.Text,
		})
	}
	return shown
}
