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
//	         availability, what had to happen ─ a Verdict each
//
// Lab is the door. Run executes all runs of a scenario with one seed; Sweep
// many seeds, on many goroutines, with the scenario's own timeline (scripted)
// and with faults drawn by the seed (swarm); Shrink makes a failure small;
// Replay executes a trace again and compares.
//
// What holds:
//   - a run is decided by the scenario, the seed and the mutant: equal ones
//     give equal traces on every machine, however many goroutines there are;
//   - whatever is drawn before a run is written out as a scenario of its own
//     (language.Render), so a failure of a swarm is a scenario like any other;
//   - nothing passes vacuously: what must happen is counted (expect.happens),
//     and a sweep lists what no seed has reached.
//
// The library holds the shipped scenarios, regressions those that once failed.
package scenarios
