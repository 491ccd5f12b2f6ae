package machine

import (
	"fmt"
	"maps"

	"quorumlab/protocols"
)

// Sessions is a state machine with the last answer of each of its clients. A
// client has one request under way at a time, so one answer suffices (Ongaro,
// "Consensus: Bridging Theory and Practice", section 6.3).
type Sessions struct {
	// Answers holds the last answer given to each client.
	Answers map[protocols.ClientID]Answer
	Machine protocols.StateMachine
	// Origin is the snapshot of the machine before the first command: it need
	// not be empty.
	Origin protocols.Record
}

// Answer is the result of one request.
type Answer struct {
	Request uint64
	Result  protocols.Result
}

// SessionsSnapshot is the record that Sessions.Snapshot returns.
type SessionsSnapshot struct {
	Answers map[protocols.ClientID]Answer
	// Machine is the snapshot of the state machine below.
	Machine protocols.Record
}

// New wraps a state machine, which the Sessions owns from then on.
func New(machine protocols.StateMachine) *Sessions {
	return &Sessions{Answers: map[protocols.ClientID]Answer{}, Machine: machine, Origin: machine.Snapshot()}
}

// Apply executes a client's command unless the request was executed before,
// and reports whether it did so now. A repetition of the client's last request
// returns the first result. An earlier request returns nil: its result is
// forgotten, since its client has moved on and cannot be waiting for it.
//
// Client 0 is nobody: its commands have no session and are always executed.
func (s *Sessions) Apply(
	client protocols.ClientID, request uint64, command protocols.Command,
) (result protocols.Result, fresh bool) {
	if client == 0 {
		return s.Machine.Apply(command), true
	}
	last, known := s.Answers[client]
	if known && request <= last.Request {
		if request < last.Request {
			return nil, false
		}
		return last.Result, false
	}
	result = s.Machine.Apply(command)
	if s.Answers == nil { // a decoded or cloned empty map may be nil
		s.Answers = map[protocols.ClientID]Answer{}
	}
	s.Answers[client] = Answer{Request: request, Result: result}
	return result, true
}

// Answered returns the result of a client's request if it was executed and is
// the client's last. Superseded tells that a later request of that client was
// executed, so that nobody waits for this one any more.
func (s *Sessions) Answered(
	client protocols.ClientID, request uint64,
) (result protocols.Result, answered, superseded bool) {
	last, known := s.Answers[client]
	switch {
	case !known || request > last.Request:
		return nil, false, false
	case request < last.Request:
		return nil, false, true
	}
	return last.Result, true, false
}

// Query answers a command that changes nothing; it reports false, and changes
// nothing, when the command is not such a one. It touches no session.
func (s *Sessions) Query(command protocols.Command) (protocols.Result, bool) {
	return s.Machine.Query(command)
}

// Snapshot returns the machine's state and the sessions, as a SessionsSnapshot
// that later changes do not touch.
func (s *Sessions) Snapshot() protocols.Record {
	return SessionsSnapshot{Answers: maps.Clone(s.Answers), Machine: s.Machine.Snapshot()}
}

// Restore replaces the machine's state and the sessions by those of a
// snapshot; nil stands for the state before the first command. A record of any
// other type is the caller's error and panics.
func (s *Sessions) Restore(snapshot protocols.Record) {
	switch snapshot := snapshot.(type) {
	case nil:
		s.Answers = map[protocols.ClientID]Answer{}
		s.Machine.Restore(s.Origin)
	case SessionsSnapshot:
		s.Answers = make(map[protocols.ClientID]Answer, len(snapshot.Answers))
		maps.Copy(s.Answers, snapshot.Answers)
		s.Machine.Restore(snapshot.Machine)
	default:
		panic(fmt.Sprintf("machine: snapshot of sessions is a %T", snapshot))
	}
}
