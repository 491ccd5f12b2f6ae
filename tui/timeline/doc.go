// Package timeline is the stepper's engine: it lets somebody walk through runs,
// act in them, and compare what comes of it. It knows no screen.
//
// A Line is one run, step by step, from its start to its end: a run of the
// scenario as planned and drawn by the seed, or one in which somebody did
// something by hand. A Timeline is the tree of all lines: each Act leaves the
// line at some step and makes another, which goes on by itself afterwards, by the
// same seed and with what is left of the plan. No line is ever lost. A Deed
// (sim/trace) says what was done; the deeds of a line, with scenario and seed,
// are all that it takes to execute it, so that every line can be saved as a trace
// that `replay` accepts.
//
// # How it stays fast, in bounded memory
//
// A step is written down as the choice or fault that it was (entry, 64 bytes, in
// chunks that a line shares with the one it left), and worlds are kept only now
// and then (snapshots). The world after any step is a copy of the last snapshot
// before it, in which the steps since are made again (sim.World.Redo): no node
// can tell. A line keeps at most SnapshotsMax worlds, SpacingMin steps apart or,
// when there are more steps, twice as far as often as it takes. All lines
// together keep at most SnapshotsAll; beyond them those that were not looked at
// for longest lose theirs, and get some again when they are looked at. So the
// memory is that of SnapshotsAll worlds and 64 bytes a step of each line of its own:
// one line of 112,538 steps of Zab, gone through, takes 50 MiB.
//
// # What holds
//
//   - The world after a step depends on the line and the step alone, however
//     one came there: equal hashes (Hash), in any order of visits.
//   - Deeds that cannot be done make no line.
//   - Drafting and judging a line changes nothing but that line: both may be done
//     on another goroutine, as long as nobody else uses the line.
//
// It may import scenarios and what they are made of; it has no clock, and opens
// no file.
package timeline
