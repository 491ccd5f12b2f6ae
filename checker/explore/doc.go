// Package explore is the model checker: it visits every state that a model can
// reach, each once, and judges the model's properties in all of them.
//
// A [Model] has states that are short vectors of words without pointers. What
// is bigger than a word (the state of a node, what is under way to it, what a
// client saw) is interned by the model, and the word names it; what a step does
// is computed once for each pair of things that meet in it, and then looked up
// ([Memo], [Arena]). [Run] searches breadth first.
//
// # How it searches
//
// Visited states are kept as fingerprints of 64 bits (or 128) in tables of open
// addressing; an append-only log holds, of each distinct state, its parent and
// which of the parent's successors it is, which is all that is needed to make
// the run again that leads to it. The states themselves are kept for two levels
// only. So a distinct state takes about 25 bytes, whatever its size.
//
// What is not visited because its fingerprint is taken would be missed: the
// result has an upper bound of the probability that this happened at all. States
// of up to two words have fingerprints that are one to one.
//
// # What is guaranteed
//
//   - The numbers of generated and distinct states, the depth, the verdicts and
//     the length of every run are the same for every number of workers; and the
//     runs too, if the model's fingerprints depend on contents and not on the
//     numbers by which it interned them.
//   - A run that hits a property is a shortest one. Under symmetry it is a run
//     of the model as it is, not of what stands for it.
//   - Holds and Missed are said only if every reachable state was explored; a
//     bound gives Unknown.
//   - No bound ends a search without saying how far it came.
//
// # Partial-order reduction
//
// Of a [Divided] model, of which each step is made by an actor, the search can
// leave out orders of steps that make no difference: of a state it explores what
// is pending at one actor only, if no other can put anything new before it or
// make a step that this depends on before the actor itself does. Whether others
// can is found out by following them while the actor does nothing, for some steps;
// it is taken for granted if that does not tell. A state of which only a part was explored is explored
// as a whole if the part leads only to states that were explored before: else
// steps could be put off for ever. The local states of actors, what clients saw,
// the final states and the verdicts are those of the whole search; the runs
// shown need not be the shortest.
//
// Beside these persistent sets it keeps sleep sets, with the states, if the model
// tells whose each step is and whom it touches ([Attributed]): what has been
// explored of an actor is not explored again after steps of others that do not
// touch it. They spare steps, and with persistent sets states too.
//
// The soundness gates hold each reduction against the search without, for every
// model of the project: go test ./checker/explore -run Gate -gates 1000000 has all
// of up to a million states looked at.
//
// # Checkpoints
//
// A search can be kept in a file between two rounds, with all that words name if
// the model is [Kept], and continued by [Continue]: the counts, verdicts and runs
// are those of a search that was never kept. The file has a version and a checksum
// and tells what it is of; all else is refused.
//
// # What comes at last
//
// A property that is expected eventually is judged after the search, on the
// states without it that are reached by such states, one that is expected again and
// again on all states: it is violated if a state without it is final, or if there is
// a circle of such states that is weakly fair to each class of steps that the model
// names ([Fair]), or to all that it says is owed ([Owing]). The circle is shown as a
// run with a loop. These states are kept whole, which takes more memory than the search.
//
// The models of other checkers, whose counts are known, are in reference.
//
// Of this module the package may import protocols, protocols/hint,
// protocols/state, network, sim, sim/trace and checker. It starts goroutines:
// the workers.
package explore
