package machine

import (
	"maps"

	"quorumlab/protocols"
)

// A session ends when its client was silent for long. Silence is a matter of
// clocks, on which replicas do not agree, so one of them decides: the leader
// proposes an Expire as a command of nobody, and the session ends where that
// stands in the log. The Expire of a leader that was deposed before it is
// committed thus never takes effect.

// Expire is the command that ends sessions.
type Expire struct{ Clients []Idle }

// Idle names a session as it was when its client was last heard. If the client
// has had a later request executed by the time that the Expire is applied, it
// was not idle, and its session goes on.
type Idle struct {
	Client protocols.ClientID
	// Request is the last one executed.
	Request uint64
}

// expireMost bounds the clients of one Expire.
const expireMost = 256

// expire executes an Expire.
func (s *Sessions) expire(e Expire) {
	for _, idle := range e.Clients {
		if session, open := s.Open[idle.Client]; open && session.Request == idle.Request {
			s.end(idle.Client)
		}
	}
}

// Activity is what a leader knows of its clients' signs of life. It is no part
// of the replicated state: a new leader begins with the zero value, and so
// grants every session its whole time anew. It counts the leader's ticks, which
// it is told of, and bears no consequence for safety.
type Activity struct {
	Now uint64
	// Heard holds the ticks when the clients with a session were last heard.
	Heard map[protocols.ClientID]uint64
}

// Hear takes note of a client's sign of life.
func (a *Activity) Hear(sessions *Sessions, client protocols.ClientID) {
	if _, open := sessions.Open[client]; open {
		a.hear(client)
	}
}

func (a *Activity) hear(client protocols.ClientID) {
	if a.Heard == nil {
		a.Heard = map[protocols.ClientID]uint64{}
	}
	a.Heard[client] = a.Now
}

// Tick lets one tick pass, and returns an Expire of clients that were not heard
// in the last limit ticks, those first whose last command was applied longest
// ago; false if there are none. They count as heard then, so that they are not
// named again in the next tick, while the Expire is under way.
func (a *Activity) Tick(sessions *Sessions, limit uint64) (Expire, bool) {
	a.Now++
	var expire Expire
	for client := sessions.Oldest; client != 0 && len(expire.Clients) < expireMost; {
		session := sessions.Open[client]
		heard, known := a.Heard[client]
		switch {
		case !known:
			a.hear(client)
		case a.Now-heard > limit:
			a.hear(client)
			expire.Clients = append(expire.Clients, Idle{Client: client, Request: session.Request})
		}
		client = session.Newer
	}
	maps.DeleteFunc(a.Heard, func(client protocols.ClientID, _ uint64) bool {
		_, open := sessions.Open[client]
		return !open
	})
	return expire, len(expire.Clients) > 0
}
