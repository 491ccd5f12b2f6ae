// Package machine holds what a replicated protocol replicates: a key-value
// state machine (a register is one of its keys), and the client sessions that
// make any state machine execute each request exactly once.
//
// A protocol wraps the machine of its Config once, with New, and from then on
// only talks to the Sessions: what is applied, what is put into a snapshot and
// what is restored always includes the answers already given. Without that a
// command that was retried after a change of leader would be executed twice.
//
// # Sessions
//
// A Sessions keeps, of each client, the number and the result of the last
// request that was executed (Ongaro's thesis, section 6.3). The table is
// bounded, and what it holds is a function of the log alone:
//
//   - At most Limit sessions are open. If one more begins, that whose last
//     command was applied longest ago ends.
//   - An Expire that stands in the log ends the sessions of clients that the
//     leader has not heard for long (Activity). It names the last request that
//     the leader knew to be executed, so that it passes by a client that had
//     another executed since.
//   - Of a session that ended only the request's number is kept. Of these there
//     are at most EndedPerSession times Limit; if one more comes, that of the
//     lowest client is forgotten, and with it all clients up to that number: of
//     one that has neither session nor number, nobody knows any more whether it
//     ever had.
//
// So no request is executed twice, come what may. A client whose number is
// kept, or that is numbered above all that are forgotten, begins a session with
// any request above those it had executed. That need not be number 1, for its
// first may have been lost; this is why a request's number cannot tell a new
// client from one whose session is gone. What is refused for good (Gone,
// protocols.SessionGone) is a retry of the last request of a session that
// ended, whose result is lost, and every request of a client that is forgotten.
// Such a client has to come back under a new number, above all given before.
//
// What does not hold: a client that retries after Limit others had commands
// executed, or after its session expired, does not learn what became of its
// request.
//
// # Chunks
//
// Split cuts a snapshot into Chunks of bounded size, an Assembly collects them
// again, and Join puts them together. A state machine that is Divisible, as KV
// is, has its own snapshots cut as well.
//
// # Invariants
//
//   - each (client, request) changes the state at most once; a repetition of
//     the last request of an open session gets the first result;
//   - a snapshot equals the replay of all commands up to it, sessions included;
//   - there are never more sessions, open or ended, than the limits say;
//   - chunks of one series, all of them, give the snapshot they are of; any
//     others an error;
//   - no command, however malformed, panics: it gets a Result with Error set.
//
// State is exported plain data. The package may import protocols and
// protocols/state only; it reads no clock, random source, file or map order.
package machine
