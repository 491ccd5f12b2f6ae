// Package trace writes down what happened in a simulated run, step by step,
// and compares a run with what was written.
//
// A trace is a JSON-Lines file of one or more sections, one a run. A section
// is, a line each:
//
//	{"trace":1,"scenario":…,"run":…,"seed":…,…}   the Header
//	{"n":1,"t":0,"do":{…},"node":1,…,"hash":"…"}  one record a step
//	{"finding":{…}}                               one record a verdict
//	{"end":{"steps":…,"time":…,"hash":"…"}}       the end
//
// Times are nanoseconds of virtual time, nodes and clients their numbers; the
// header has the nodes' names. Fields that are zero are left out.
//
// The hash is a rolling one (XXH64, seeded by what the header says of the run,
// the code version apart): each record's is that of the hash before and of the
// record up to its own hash. So equal last hashes mean equal runs, and a
// changed byte is found in the line in which it stands. It finds accidents; it
// is no protection from somebody who wants to deceive.
//
// The header holds all that is needed to run again: the scenario as a whole,
// the seed, the mutant, and the plan of faults and operations if it is not the
// scenario's own. Nothing is read back from the step records: replay executes
// again, writes again, and compares line by line (Comparer).
//
// The package may import protocols, protocols/state, network and sim, and
// knows no file: it writes to an io.Writer and reads from an io.Reader.
package trace
