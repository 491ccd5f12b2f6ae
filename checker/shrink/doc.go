// Package shrink makes a failing list small: a fault plan, a workload, a trace
// of choices. It knows nothing of what the items are; it is given a predicate
// that tells whether a list still fails.
//
// Minimize is delta debugging (ddmin: Zeller and Hildebrandt, "Simplifying and
// Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002): it leaves items
// out. Simplify then puts simpler items in the place of those that are left.
//
// Invariants:
//   - the result fails, and is a subsequence of the list given (Minimize) or
//     has as many items in the same order (Simplify);
//   - if Outcome.Minimal is true no single item can be left out (Minimize) or
//     be made simpler (Simplify) so that the list still fails;
//   - the predicate is asked at most Options.Budget times, and never about the
//     list given: that it fails is the caller's promise;
//   - Minimize never asks twice about the same list, and about the empty one
//     only when a single item is left;
//   - equal lists and equal answers of the predicate give an equal outcome.
//
// The predicate must always answer the same for the same list. The package
// imports nothing of this module, runs in one goroutine, and reads no clock.
package shrink
