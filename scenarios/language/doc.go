// Package language reads scenario files.
//
// A scenario is a YAML document that tells a cluster, the links between its
// nodes, its clients and their work, a timeline of faults and narration, and
// what is expected of all that. Load and Parse turn it into a Scenario: names
// resolved, defaults filled in, every run complete, everything checked. What
// they return can be run without asking anything further; what they refuse
// they refuse with the place, what was found, what was expected and a hint.
//
// # The language in a minute
//
//	name: minority-waits
//	title: A leader that is cut off writes nothing; the others go on
//	protocol: zab                      # and its parameters: quorumlab list --json
//	cluster: {nodes: 3}                # n1, n2, n3
//	links: {delay: {uniform: [1ms, 5ms]}}
//	clients:                           # sessions, each beside a node
//	  - {name: a, at: n1}
//	  - {name: b, at: n2}
//	  - {name: c, at: n3}
//	initial: {x: old}
//	workload:
//	  script:                          # or random: {rate: 10/s, keys: 3}
//	    - {at: 7s, client: a, write: x, value: from a}
//	    - {at: 7s, client: b, write: x, value: from b}
//	    - {at: 7s, client: c, write: x, value: from c}
//	    - {at: 15s, client: a, read: x}
//	timeline:                          # narration, and faults
//	  - {at: 5s, say: "The leader is cut from the others, for five seconds."}
//	  - {at: 5s, partition: {isolate: leader}, for: 5s}
//	until: 20s
//	runs:                              # each lays its keys over those above
//	  three: {title: as it is}
//	  five: {cluster: {nodes: 5}}
//	expect:                            # of each run, or of all
//	  all:
//	    linearizable: holds            # holds, violated or any
//	    happens:                       # lest the run show nothing
//	      - {fault: partition}
//	      - {operation: write, during: partition, outcome: ok}
//	  three:
//	    availability: {n3: "< 100%"}   # of the clients beside n3
//
// A transaction appends to lists and reads them (`transaction: [{append: x, element: a},
// {read: y}]`); where there are some, strict-serializable is judged in any case, too.
//
// linearizable and the protocol's invariants are judged in any case, and expected
// to hold if nothing else is said; the rest only if it is asked for (sequential, causal,
// eventual, the session guarantees read-your-writes, monotonic-reads, monotonic-writes
// and writes-follow-reads, the levels of isolation, convergence, availability, waits, in-doubt, happens;
// termination also by `liveness`).
//
// A fault strikes a node, a list of nodes, or a role: leader (it waits until there
// is one), a-follower, any. What lasts has `for`; without it, it lasts until its
// opposite (heal, restart) or the end of the run.
//
// Who votes is a matter of `cluster: {members: …}` at the start, and later of
// `{at: …, reconfigure: …}`: an operator, who is no client, asks the nodes in turn
// until it is answered. `core` ends a phase of faults: from then on as many nodes
// are whole as make a majority of the members.
//
// All keys, with their meanings, are in the JSON Schema, which an editor can use
// (scenarios/scenario.schema.json, `quorumlab schema`); scenarios/library shows
// them at work.
//
// # How it is read
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
// # Invariants
//
//   - No input makes the package panic, and none costs it more than memory
//     and time in proportion to a file of MaxFileSize.
//   - Equal documents give equal Scenarios, on every machine.
//   - Parse(Scenario.Canonical) gives the same Scenario, apart from Text.
//
// The package imports, of this module, nothing but protocols, protocols/hint and
// network: the protocols and properties that exist are passed in (Vocabulary). It
// opens no file.
package language
