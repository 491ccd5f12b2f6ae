package linear

import (
	"context"
	"fmt"

	"github.com/anishathalye/porcupine"
)

// Points returns the linearization points of a history: for operations, by their
// IDs, an instant between invocation and return at which each may have taken effect,
// so that all answers are explained. Where two instants are equal the order is that
// in which they were invoked, or any. Of a key that is not linearizable those have a
// point that the longest order of its beginning has. A key that cannot be decided
// within the bound has none.
func Points(ctx context.Context, history History, model Model, options Options) (map[int]int64, error) {
	if err := history.Validate(); err != nil {
		return nil, err
	}
	if err := model.fits(history); err != nil {
		return nil, err
	}
	points := map[int]int64{}
	whole := newSearch(ctx, options)
	for _, part := range model.parts(history) {
		prepared := byInvocation(prepare(part))
		c := specify(prepared, whole.steps, whole.stopped)
		operations := make([]porcupine.Operation, len(prepared))
		for i := range prepared {
			operations[i] = c.operation(&prepared[i], &prepared[i], 0)
		}
		_, info := porcupine.CheckOperationsVerbose(c.searched(), operations, 0)
		if c.met() {
			continue
		}
		sortPartials(info)
		for _, partials := range info.PartialLinearizations() {
			if len(partials) == 0 {
				continue
			}
			at := int64(0)
			for n, i := range partials[0] {
				if i < 0 || i >= len(prepared) {
					panic(fmt.Sprintf("linear: the order names operation %d of %d", i, len(prepared)))
				}
				if at = max(at, prepared[i].Invoke); n == 0 {
					at = prepared[i].Invoke
				}
				points[prepared[i].ID] = at
			}
		}
	}
	return points, ctx.Err()
}
