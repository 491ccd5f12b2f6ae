// Package measure computes the figures of a report from what a run showed: from
// the history of its clients, from its faults and, for some, from what only an
// onlooker knows who sees all nodes (Holding, Request, Decision). Each figure is a function
// of its own, and says in its comment what it is a figure of.
//
// Times are nanoseconds as in the history. The latency of an operation counts
// from its intended start, not from when its client got round to it: a client
// that waits for one answer makes all later ones late, and leaving that out
// (coordinated omission) would make whoever blocks look quick. For the same
// reason what a client meant to ask and never did counts as not answered.
//
// Nothing is made up: a figure of which there is nothing to compute is absent
// (ok is false), and none is ever NaN.
//
// The package is pure: no clock, no randomness, no input or output. Of this
// module it may import checker/linear.
package measure
