// Package labtest runs scenarios in tests: those of protocols, which cannot run
// one in their own package, and those of judges.
//
// Run runs a document, Cost tells what its operations cost. Check is the property
// test that all protocols share: it has rapid draw clusters, their members, links,
// clients, what they ask and what strikes, and judges each run as scenarios judges
// any other.
//
//	func TestProperties(t *testing.T) { // in package zab_test
//		labtest.Check(t, labtest.Space{Protocol: "zab", Nodes: []int{3, 5}, Faults: language.FaultKinds()})
//	}
//
// A failure is made small by rapid, and then by scenarios.Lab.Shrink, which can
// leave out what rapid cannot. It is saved as a scenario that can go into
// scenarios/regressions as it is, with its trace.
//
// Only tests may import it.
package labtest
