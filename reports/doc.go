// Package reports derives from the figures of a run the trade-off that it made:
// what was answered on which side, and what was given up for it. Nothing in it
// is asserted of a protocol; whatever it says was measured in the run at hand.
//
// It only reads what scenarios found, and may import scenarios,
// scenarios/language, checker/… and sim/trace.
package reports
