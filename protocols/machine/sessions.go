package machine

import (
	"cmp"
	"fmt"
	"slices"

	"quorumlab/protocols"
)

// Sessions is a state machine with the last answer of each of its clients. A
// client has one request under way at a time, so one answer suffices (Ongaro,
// "Consensus: Bridging Theory and Practice", section 6.3).
type Sessions struct {
	// Limit is the number of sessions that are open at once, at least 1, and
	// the same on all replicas. Beside them the numbers of at most
	// EndedPerSession times as many ended ones are kept.
	Limit int
	// Open holds the sessions. They are chained by their use, from Oldest,
	// whose last command was applied longest ago, to Newest; 0 is the end.
	Open           map[protocols.ClientID]Session
	Oldest, Newest protocols.ClientID
	// Ended holds what is left of sessions that ended, by growing client.
	Ended []Ended
	// Forgotten is the highest client of whose ended session nothing is left.
	Forgotten protocols.ClientID
	Machine   protocols.StateMachine
	// Origin is the snapshot of the machine before the first command: it need
	// not be empty.
	Origin protocols.Record
}

// The limits of a Sessions that New returns.
const (
	SessionLimit    = 1024
	EndedPerSession = 8
)

// Session is what is kept of a client: the result of its last request.
type Session struct {
	Request uint64
	Result  protocols.Result
	// Older and Newer are its neighbours in the order of use.
	Older, Newer protocols.ClientID
}

// Ended is what is left of a session that ended: no request of the client up
// to this one is executed any more.
type Ended struct {
	Client  protocols.ClientID
	Request uint64
}

// New wraps a state machine, which the Sessions owns from then on.
func New(machine protocols.StateMachine) *Sessions { return NewLimited(machine, SessionLimit) }

// NewLimited is New with a limit of open sessions, at least 1. A log must be
// applied with one limit throughout, by all replicas and in all their lives.
func NewLimited(machine protocols.StateMachine, limit int) *Sessions {
	return &Sessions{
		Limit: max(limit, 1), Open: map[protocols.ClientID]Session{},
		Machine: machine, Origin: machine.Snapshot(),
	}
}

// Apply executes a client's command unless its request can have been executed
// before, and reports whether it did so now. A repetition of the client's last
// request returns the first result. If the request is over (see Answered) the
// result is nil, and of the command's fate nothing is known: nobody may be told
// anything on account of it.
//
// A protocols.Reconfigure is the protocol's to execute: its result is nil.
//
// Client 0 is nobody: its commands have no session and are always executed. An
// Expire is executed for nobody only; of a client it is a command like others.
func (s *Sessions) Apply(
	client protocols.ClientID, request uint64, command protocols.Command,
) (result protocols.Result, fresh bool) {
	if client == 0 {
		if expire, ok := command.(Expire); ok {
			s.expire(expire)
			return nil, true
		}
		if _, ok := command.(protocols.Reconfigure); ok {
			return nil, true
		}
		return s.Machine.Apply(command), true
	}
	if result, answered, over := s.Answered(client, request); answered || over {
		return result, false
	}
	if _, ok := command.(protocols.Reconfigure); !ok {
		result = s.Machine.Apply(command)
	}
	s.keep(client, request, result)
	return result, true
}

// Answered returns the result of a client's request if it was executed and is
// the client's last. Over tells that the request will never be executed from
// now on, and that its result, if it ever had one, is lost: a later request of
// that client was executed, so that nobody waits for this one any more, or its
// session is gone (see Gone). Once over, a request is over for good.
func (s *Sessions) Answered(
	client protocols.ClientID, request uint64,
) (result protocols.Result, answered, over bool) {
	if session, open := s.Open[client]; open {
		if request == session.Request {
			return session.Result, true, false
		}
		return nil, false, request < session.Request
	}
	if at, ended := s.endedAt(client); ended {
		return nil, false, request <= s.Ended[at].Request
	}
	return nil, false, client != 0 && client <= s.Forgotten
}

// Gone tells whether a request is over because the client's session is. A node
// that is asked such a request refuses it (protocols.SessionGone), and so does
// nothing on account of being asked. It may say so only then: of one that it
// has handed on before, or that somebody else has, an earlier copy may have
// been executed.
func (s *Sessions) Gone(client protocols.ClientID, request uint64) bool {
	_, open := s.Open[client]
	_, _, over := s.Answered(client, request)
	return over && !open
}

// Query answers a command that changes nothing; it reports false, and changes
// nothing, when the command is not such a one. It touches no session.
func (s *Sessions) Query(command protocols.Command) (protocols.Result, bool) {
	return s.Machine.Query(command)
}

// keep makes an answer the client's last, and the client's session the newest.
func (s *Sessions) keep(client protocols.ClientID, request uint64, result protocols.Result) {
	session, open := s.Open[client]
	switch {
	case open && session.Newer == 0: // the newest already
		s.Open[client] = Session{Request: request, Result: result, Older: session.Older}
		return
	case open:
		s.unlink(session)
	case len(s.Open) >= max(s.Limit, 1):
		s.end(s.Oldest)
	}
	if at, ended := s.endedAt(client); ended {
		s.Ended = slices.Delete(s.Ended, at, at+1)
	}
	if s.Open == nil { // a decoded or cloned empty map may be nil
		s.Open = map[protocols.ClientID]Session{}
	}
	s.Open[client] = Session{Request: request, Result: result, Older: s.Newest}
	s.setNewer(s.Newest, client)
	s.Newest = client
}

// unlink takes a session out of the chain.
func (s *Sessions) unlink(session Session) {
	s.setNewer(session.Older, session.Newer)
	if session.Newer == 0 {
		s.Newest = session.Older
		return
	}
	newer := s.Open[session.Newer]
	newer.Older = session.Older
	s.Open[session.Newer] = newer
}

// setNewer sets who comes after a client; 0 stands for the chain's beginning.
func (s *Sessions) setNewer(client, newer protocols.ClientID) {
	if client == 0 {
		s.Oldest = newer
		return
	}
	session := s.Open[client]
	session.Newer = newer
	s.Open[client] = session
}

// end closes a client's session, and keeps its number. If there are too many
// numbers, that of the lowest client goes: clients are numbered as they come,
// so this is the one that most likely never comes again.
func (s *Sessions) end(client protocols.ClientID) {
	session := s.Open[client]
	s.unlink(session)
	delete(s.Open, client)
	at, _ := s.endedAt(client)
	s.Ended = slices.Insert(s.Ended, at, Ended{Client: client, Request: session.Request})
	if len(s.Ended) > EndedPerSession*max(s.Limit, 1) {
		s.Forgotten = max(s.Forgotten, s.Ended[0].Client)
		s.Ended = s.Ended[1:] // the next Insert that does not fit moves it to an array of its own
	}
}

// endedAt returns the place in Ended that a client has, or would have.
func (s *Sessions) endedAt(client protocols.ClientID) (at int, ended bool) {
	return slices.BinarySearchFunc(s.Ended, client, func(e Ended, client protocols.ClientID) int {
		return cmp.Compare(e.Client, client)
	})
}

// SessionsSnapshot is the record that Sessions.Snapshot returns.
type SessionsSnapshot struct {
	// Open holds the open sessions, the oldest first.
	Open      []Kept
	Ended     []Ended
	Forgotten protocols.ClientID
	// Machine is the snapshot of the state machine below.
	Machine protocols.Record
}

// Kept is an open session in a snapshot.
type Kept struct {
	Client  protocols.ClientID
	Request uint64
	Result  protocols.Result
}

// Snapshot returns the machine's state and the sessions, as a SessionsSnapshot
// that later changes do not touch.
func (s *Sessions) Snapshot() protocols.Record {
	open := make([]Kept, 0, len(s.Open))
	for client := s.Oldest; client != 0; {
		session := s.Open[client]
		open = append(open, Kept{Client: client, Request: session.Request, Result: session.Result})
		client = session.Newer
	}
	return SessionsSnapshot{
		Open: open, Ended: slices.Clone(s.Ended), Forgotten: s.Forgotten, Machine: s.Machine.Snapshot(),
	}
}

// Restore replaces the machine's state and the sessions by those of a
// snapshot; nil stands for the state before the first command. A record of any
// other type is the caller's error and panics.
func (s *Sessions) Restore(snapshot protocols.Record) {
	kept := SessionsSnapshot{Machine: s.Origin}
	if snapshot != nil {
		var ok bool
		if kept, ok = snapshot.(SessionsSnapshot); !ok {
			panic(fmt.Sprintf("machine: snapshot of sessions is a %T", snapshot))
		}
	}
	s.Open = make(map[protocols.ClientID]Session, len(kept.Open))
	s.Oldest, s.Newest = 0, 0
	s.Ended, s.Forgotten = slices.Clone(kept.Ended), kept.Forgotten
	for _, k := range kept.Open {
		s.keep(k.Client, k.Request, k.Result)
	}
	s.Machine.Restore(kept.Machine)
}
