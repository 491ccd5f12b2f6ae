// Package catalog knows all protocols by name, and nothing else does: the
// drivers are handed what they need of one.
//
// Invariants: names are unique, and in growing order in All; what Parameters
// returns holds a value for every parameter of the protocol and for nothing
// else. Errors name what was found, what there is, and the nearest name.
//
// It may import protocols and every package below it. It keeps no registry:
// each call makes its answer anew.
package catalog
