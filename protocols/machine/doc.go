// Package machine holds what a replicated protocol replicates: a key-value
// state machine (a register is one of its keys), and the client sessions that
// make any state machine execute each request exactly once.
//
// A protocol wraps the machine of its Config once, with New, and from then on
// only talks to the Sessions: what is applied, what is put into a snapshot and
// what is restored always includes the answers already given. Without that a
// command that was retried after a change of leader would be executed twice.
//
// Invariants:
//   - each (client, request) changes the state at most once; a repetition of a
//     client's last request gets the first result;
//   - a snapshot equals the replay of all commands up to it, sessions included;
//   - no command, however malformed, panics: it gets a Result with Error set.
//
// State is exported plain data. The package may import protocols and
// protocols/state only; it reads no clock, random source, file or map order.
package machine
