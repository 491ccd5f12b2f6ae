// Package hint helps a person who mistyped a name.
//
// Invariants: what is proposed is one of the known names; of equally good ones
// it is the first; the work is in proportion to the length of the names.
//
// The package is pure, and imports nothing of this module, so that whoever
// reports bad input can use it.
package hint
