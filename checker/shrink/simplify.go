package shrink

import "slices"

// Simplify replaces single items by simpler variants as long as the list still
// fails. The list given must fail. variants returns what an item may become,
// the simplest first; it must lead to an end: what it returns is simpler, in
// some order that has no infinite descent, than what it was given.
//
// The outcome is minimal if no variant of any single item makes a list that
// fails. It does not leave items out, and does not try two changes at once.
func Simplify[T any](items []T, variants func(T) []T, fails func([]T) bool, options Options) Outcome[T] {
	o := Outcome[T]{Items: slices.Clone(items)}
	// Since the last change, so many items in a row had no variant that fails.
	for settled, i := 0, 0; settled < len(items); i = (i + 1) % len(items) {
		settled++
		for _, variant := range variants(o.Items[i]) {
			if options.Budget > 0 && o.Tests == options.Budget {
				return o
			}
			candidate := slices.Clone(o.Items)
			candidate[i] = variant
			o.Tests++
			// The predicate gets a copy: what it keeps or changes is its own.
			if fails(slices.Clone(candidate)) {
				o.Items, settled = candidate, 0
				if options.Progress != nil {
					options.Progress(len(items), o.Tests)
				}
				break
			}
		}
	}
	o.Minimal = true
	return o
}
