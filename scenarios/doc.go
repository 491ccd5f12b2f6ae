// Package scenarios runs scenarios: it turns a scenario of the language
// (scenarios/language) into a simulated world, lets the timeline strike, and
// judges what the clients and the nodes showed against what is expected.
//
// The way of a run:
//
//	language.Run ─ Concrete: random operations are drawn, or Swarm: faults too
//	     │
//	  prepare: a sim.World of the catalog's protocol, a sim.Simulator,
//	     │     and what watches it: clients' history, invariants, trace …
//	     │
//	  agenda: boots the nodes, does what the timeline says when it is due
//	     │
//	  judge: linearizability of the history, invariants, termination,
//	         availability, what had to happen ─ a Verdict each; and the cost
//	         of operations, if it is wanted
//
// Lab is the door. Run executes all runs of a scenario with one seed; Sweep
// many seeds, on many goroutines, with the scenario's own timeline (scripted)
// and with faults drawn by the seed (swarm); Shrink makes a failure small;
// Replay executes a trace again and compares.
//
// # What holds
//
//   - A run is decided by the scenario, the seed and the mutant: equal ones
//     give equal traces on every machine, however many goroutines there are.
//   - Whatever is drawn before a run is written out as a scenario of its own
//     (language.Render), so a failure of a swarm is a scenario like any other.
//   - Nothing passes vacuously: what must happen is counted (expect.happens) and
//     so are the protocols' milestones; a sweep lists what no seed has reached,
//     and the invariants that nothing in any run could have violated.
//
// # Library and regressions
//
// library/ holds the scenarios that are shipped: part of the program, each in a
// file of its name.
//
// regressions/ holds what failed once, made small (sweep --keep, shrink) and put
// into words: scenarios that must now be as they expect. They are no part of the
// program. The head of such a file is comments, first one `key: value` a line,
// then the story of the failure:
//
//	# failed: linearizable              the property, if a mutant made it fail
//	# mutant: zab-ack-before-durable    with which it must fail still
//	# seed: 56                          with which it is run
//
// TestRegressions runs them all.
//
// # Imports
//
// The package may import protocols, protocols/hint, protocols/machine,
// protocols/state, protocols/catalog, network, sim, sim/trace, checker/… and
// scenarios/language. It has goroutines (Sweep) and looks at the clock to say how
// long a sweep took, never to decide anything; it opens no file.
package scenarios
