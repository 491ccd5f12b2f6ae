// Package linear judges histories: what clients asked of a system, what it
// answered, and when. Check says whether a history is linearizable (Herlihy and
// Wing, "Linearizability: A Correctness Condition for Concurrent Objects",
// 1990), by way of porcupine; if not, it gives a small part of the history that
// proves it and one sentence that names the offending answer. CheckSequential
// likewise judges sequential consistency, which leaves real time out.
//
// CheckCausal judges causal memory, and CheckSessions weaker promises yet, each
// session by itself (Terry et al. 1994): whether what it reads and writes is
// consistent with some order of each key's values, in which read-your-writes,
// monotonic-reads, monotonic-writes or writes-follow-reads hold. Real time counts
// for nothing there. CheckEventual asks whether in the end all read the same.
//
// CheckTransactions judges transactions on lists by cycles of what depends on
// what: which isolation anomalies there are, and so which levels they keep. In a
// history they stand beside other operations (Txn); History.Apart tells them apart.
//
// # Invariants
//
//   - A verdict depends on the history alone: not on the order in which it was
//     recorded, nor on the machine. The bound of a search is a number of steps,
//     not a time; only the caller's context can end it earlier.
//   - Intervals are closed: an operation that is invoked at the very instant at
//     which another returns is concurrent with it.
//   - An operation of unknown outcome (Info) is possible from its invocation to
//     the end of the history, whenever its client gave up; a failed one (Fail)
//     did not happen.
//   - A witness is violated by itself, and proves that the whole history is.
//   - Whatever a reader does not understand is an error with its place. Nothing
//     is skipped, but counted in the Report.
//
// # Our format
//
// JSON Lines, in UTF-8. The first line is the header
//
//	{"format":"quorumlab-history","version":1,"operations":2}
//
// where operations, which may be left out, is the number of lines to follow.
// Each further line is one operation:
//
//	{"id":1,"session":1,"client":"A","node":"N1","side":"left","key":"V","op":"write","in":"V1","out":null,
//	 "invoke":1000000,"return":3000000,"outcome":"ok","error":""}
//
// (on one line). id is an integer of its own, session the client's number, client its
// name, op one of read, write, cas, append and transfer, outcome one of ok, fail and info, error a
// word for what went wrong. Times are nanoseconds; return is null if the client
// never heard of the operation again, and when it gave up if outcome is info.
// Values are strings, or null for the absent one: a read of a key that was
// never written returns null, a write of null removes it. in is what is written
// or appended, for a cas {"expected":…,"new":…}, for a read null; out is what an
// ok read returned, for an ok cas whether it swapped (true, false), else null.
// client, node, side, in, out and error may be left out. A transfer moves an amount
// from key: its in is {"to":…,"amount":…}, its out whether it was moved. Keys that
// transfers join are judged together.
//
// A queue's op is enqueue, whose in is the element, or dequeue, whose out is the
// element or, of an empty queue, null. A lock's op is acquire or release, of the
// session; the out of an acquire is its fencing token, an integer in quotes, or null.
//
// # Formats from elsewhere
//
// Jepsen's history.edn: maps such as {:process 0, :type :invoke, :f :read,
// :value nil, :time 12}, with or without the tag #jepsen.history.Op, one after
// another or in one vector. :f is :read, :write or :cas; :value is v, for a cas
// [expected new], or [key …] of that (jepsen.independent). Of a queue :f is :enqueue
// or :dequeue (nil: it was empty), of a lock :acquire (the token or nil) or :release;
// both are in the logs of jepsen.util too. A :drain is refused. A cas with :fail did
// not happen, for whatever reason. Events of :process :nemesis are counted.
// Without :time, the number of the event is its time.
//
// The log of jepsen.util, as recorded for etcd: lines such as
// "INFO  jepsen.util - 0 :ok :cas [3 1]". Here a :fail of a cas that repeats its
// values is an answer: it was compared and the register held something else.
//
// KV logs: EDN maps with a :key, and :f :get, :put or :append, as in
// {:process 3, :type :invoke, :f :put, :key "x", :value "y"}. Here the empty
// string is the absent value.
//
// # Imports
//
// Of this module the package imports checker/shrink: it knows only histories. It reads
// no clock, starts no goroutine (porcupine does) and opens no file.
package linear
