package resource

import (
	"cmp"
	"maps"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// A participant remembers what it answered to so many clients only, as a
// machine.Sessions does. It ends the sessions of those whose last request was
// begun longest ago, an eighth of them at a time. Of what has ended the number is
// kept: a retry of that request is refused (protocols.SessionGone), and never
// executed a second time.

// repeated tells what is known of a request from the client's session. A request
// that reads only is executed anew.
func (s *Store) repeated(r *Request) (Outcome, bool) {
	if r.Client == 0 || r.ReadsOnly() {
		return Outcome{}, false
	}
	session, open := s.Sessions[r.Client]
	switch {
	case !open:
		return s.ended(r)
	case r.Number > session.Number:
		return Outcome{}, false
	case r.Number < session.Number:
		return Outcome{Vote: No, Superseded: true}, true
	}
	return Outcome{Vote: No, Earlier: true, Results: session.Results, Refusal: session.Refusal}, true
}

// ended tells what is known of a request of a client without a session.
func (s *Store) ended(r *Request) (Outcome, bool) {
	at, known := s.endedAt(r.Client)
	switch {
	case known && r.Number < s.Ended[at].Request:
		return Outcome{Vote: No, Superseded: true}, true
	case known && r.Number == s.Ended[at].Request, !known && r.Client <= s.Forgotten:
		return Outcome{Vote: No, Refusal: protocols.SessionGone}, true
	}
	return Outcome{}, false
}

// remember keeps the answer to a client's request, if it is the client's last.
func (s *Store) remember(branch *Branch, refusal string) {
	session, open := s.Sessions[branch.Client]
	if branch.Client == 0 || branch.Number < session.Number {
		return
	}
	if at, known := s.endedAt(branch.Client); known {
		if branch.Number < s.Ended[at].Request {
			return
		}
		s.Ended = slices.Delete(s.Ended, at, at+1)
	} else if !open && branch.Client <= s.Forgotten {
		return // a session could begin too low
	}
	if !open && len(s.Sessions) >= machine.SessionLimit {
		s.endOldest()
	}
	s.Sessions[branch.Client] = Session{
		Number: branch.Number, Transaction: branch.Transaction, Begun: branch.Begun, Results: branch.Results, Refusal: refusal,
	}
}

// endOldest ends an eighth of the sessions. If too many numbers are kept then, those
// of the lowest clients go, which came first and most likely never come again.
func (s *Store) endOldest() {
	clients := slices.SortedFunc(maps.Keys(s.Sessions), func(x, y protocols.ClientID) int {
		return cmp.Or(cmp.Compare(s.Sessions[x].Begun, s.Sessions[y].Begun), cmp.Compare(x, y))
	})
	for _, client := range clients[:machine.SessionLimit/8] {
		at, _ := s.endedAt(client)
		s.Ended = slices.Insert(s.Ended, at, machine.Ended{Client: client, Request: s.Sessions[client].Number})
		delete(s.Sessions, client)
	}
	if spare := len(s.Ended) - machine.EndedPerSession*machine.SessionLimit; spare > 0 {
		s.Forgotten = max(s.Forgotten, s.Ended[spare-1].Client)
		s.Ended = slices.Delete(s.Ended, 0, spare)
	}
}

// endedAt returns the place in Ended that a client has, or would have.
func (s *Store) endedAt(client protocols.ClientID) (at int, known bool) {
	return slices.BinarySearchFunc(s.Ended, client, func(e machine.Ended, client protocols.ClientID) int {
		return cmp.Compare(e.Client, client)
	})
}
