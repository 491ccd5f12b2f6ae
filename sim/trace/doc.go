// Package trace writes down what happened in a simulated run, step by step,
// and compares a run with what was written.
//
// A trace is a JSON-Lines file of one or more sections, one a run. A section
// is, a line each:
//
//	{"trace":1,"scenario":…,"run":…,"seed":…,…}   the Header
//	{"n":1,"t":0,"do":{…},"node":1,…,"hash":"…"}  one record a step
//	{"finding":{…}}                               one Finding a verdict
//	{"end":{"steps":…,"time":…,"hash":"…"}}       the End
//
// Times are nanoseconds, of virtual time but for "clock". Nodes and clients are
// numbers, from 1; the header has their names.
//
// # The record of a step
//
// In this order, what did not happen being left out:
//
//	n        number of the step in the section, from 1
//	t        virtual time
//	do       the choice that was made: its kind with the choice's ID, as in
//	         {"deliver":7,"node":1,"peer":2}, and those of "node", "peer",
//	         "keep" and "client" that are not 0. What they mean for each kind
//	         stands at sim.Kind.
//	fault    in the place of do: the sim.Fault that struck or ended
//	node     the node that handled an event
//	clock    its own clock's reading
//	event    what it handled, one of
//	         {"recovered":disk}
//	         {"received":from,"message":…}
//	         {"timer":name,"key":…}
//	         {"requested":client,"request":…,"command":…}
//	         {"persisted":mark}
//	         {"disconnected":peer}
//	effects  what it wanted, in order, each one of
//	         {"send":to,"message":…}
//	         {"set":timer,"key":…,"min":…,"max":…}
//	         {"cancel":timer,"key":…}
//	         {"persist":mark,"writes":[…]}, of {"append":record}, {"meta":record},
//	         {"snapshot":record}, {"cutTail":from} and {"cutHead":before}
//	         {"reply":client,"request":…,"result":…,"refusal":…}
//	         {"note":kind,"term":…,"slot":…,"value":…,"text":…}
//	lost     how many messages were lost in this step
//	client   what a client did: "id" is its number, "operation" that of the
//	         operation in the run, "asks" the node asked, and "does" one of
//	         "invoke" (with "command"), "retry" (it asks another node), and
//	         "return" (with "outcome" and "result" or "reason")
//	bytes    of a real node's step: the event's canonical bytes (state.Codec), in
//	         base64
//	hash     16 hexadecimal digits
//
// Within an event, an effect or a client, what is 0, "" or nil is left out, but
// for the first field, the numbers of requests and operations, and the bounds of
// timers. Disks, faults, messages, records, commands, results and values are
// shown as state.Codec.AppendJSON does, with their Go types.
//
// # The hash
//
// The hash is a rolling one (XXH64, which starts from what the header says of
// the run, the code version apart): each record's is that of the hash before
// and of the record up to its own hash. So equal last hashes mean equal runs,
// and a changed byte of a record is found in the line in which it stands, one of
// the header at the latest in the line after. Findings have no hash: they follow from the
// steps. It finds accidents; it is no protection from somebody who wants to
// deceive.
//
// # Replay
//
// The header holds all that is needed to run again: the scenario as a whole, the
// run's name, the seed, the mutant, and the Deeds that somebody did by hand. Nothing is read back from the step records: replay executes again,
// writes again, and compares line by line (Comparer).
//
// # Real nodes
//
// A node that runs for real writes the same (Live): a section for each of its
// lives, one record for each event that it handled. The header's document says
// how to make the node again, and the bytes of the events are what it is given
// again (Player). "t" counts from the life's beginning, "do" names the choice that a
// scheduler would have made, with an ID of 0. A section without an end is that of a node
// that was killed; its last line may be torn.
//
// The package is pure. It may import protocols, protocols/state, network and
// sim, and knows no file: it writes to an io.Writer and reads from an io.Reader.
package trace
