// Package language reads scenario files.
//
// A scenario is a YAML document that tells a cluster, the links between its
// nodes, its clients and their work, a timeline of faults and narration, and
// what is expected of all that. Load and Parse turn it into a Scenario: names
// resolved, defaults filled in, every run complete, everything checked. What
// they return can be run without asking anything further; what they refuse
// they refuse with the place, what was found, what was expected and a hint.
//
// A document goes through these stages:
//
//	bytes → tree (tree.go) → overrides (override.go) → a tree a run (merge.go)
//	      → document (document.go, decode.go) → Run (compile*.go)
//
// The tree keeps the place of everything, so that each later stage can point
// at the file. The types of document.go are the language: keys, meanings and
// JSON Schema come from them alone.
//
// Invariants:
//   - No input makes the package panic, and none costs it more than memory
//     and time in proportion to a file of MaxFileSize.
//   - Equal documents give equal Scenarios, on every machine.
//   - Parse(Scenario.Canonical) gives the same Scenario, apart from Text.
//
// The package imports, of this module, nothing but protocols and network: the
// protocols and properties that exist are passed in (Vocabulary). It opens no
// file.
package language
