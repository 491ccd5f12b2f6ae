// Package course lets somebody walk through runs that are none of a simulated world:
// the run that `check` found in a model without nodes, and what one node did that ran
// for real. It knows no screen.
//
// A Run is such a run: steps, whose they are, and the state after each. A Course is
// the tree of all runs that somebody looked at: Act takes another step than the one
// that was taken, and makes a Line of its own, where a run has choices; that of a real
// node has none. No line is ever lost.
//
// Of a model every state is kept, a few words each. Of a real node the bytes of its
// events are kept, and copies of its state now and then, at most snapshotsMax of them:
// the state after any step is made again from the last copy before it.
//
// It may import the explorer and what a trace is made of; it has no clock, and opens
// no file.
package course
