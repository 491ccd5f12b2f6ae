package machine

import (
	"slices"
	"testing"

	"quorumlab/protocols"
)

// An Expire ends the sessions that it names, as they were when it was proposed.
func TestExpire(t *testing.T) {
	sessions := New(&counter{})
	sessions.Apply(1, 5, "add")
	sessions.Apply(2, 5, "add")
	sessions.Apply(2, 6, "add") // after the leader looked
	if result, fresh := sessions.Apply(0, 0, Expire{Clients: []Idle{{1, 5}, {2, 5}, {9, 1}}}); result != nil || !fresh {
		t.Errorf("Expire gives %v, %v", result, fresh)
	}
	if result, answered, _ := sessions.Answered(2, 6); !answered || result != 3 {
		t.Errorf("client 2, who was heard since, gets %v, %v", result, answered)
	}
	for request, gone := range map[uint64]bool{4: true, 5: true, 6: false} {
		if sessions.Gone(1, request) != gone {
			t.Errorf("request %d of the expired client is gone: %v", request, !gone)
		}
	}
	if _, fresh := sessions.Apply(1, 5, "add"); fresh {
		t.Error("a retry was executed again after its session expired")
	}
	if _, fresh := sessions.Apply(1, 6, "add"); !fresh || sessions.Gone(1, 6) {
		t.Error("the expired client's next request was not executed")
	}
	if sessions.Machine.(*counter).Count != 4 || len(sessions.Ended) != 0 {
		t.Errorf("%d commands executed, ended %v", sessions.Machine.(*counter).Count, sessions.Ended)
	}
}

// A client cannot end the sessions of others.
func TestExpireOfAClientIsACommand(t *testing.T) {
	sessions := New(NewKV())
	sessions.Apply(1, 1, Command{Op: Put, Key: "x"})
	result, _ := sessions.Apply(2, 1, Expire{Clients: []Idle{{1, 1}}})
	if refused, ok := result.(Result); !ok || refused.Error == "" || sessions.Gone(1, 1) {
		t.Errorf("it gets %+v", result)
	}
}

// The first request of a client that reaches the log need not be its first: so
// its number does not tell a new client from one whose session is gone.
func TestNewClientMayBeginAnywhere(t *testing.T) {
	sessions := NewLimited(&counter{}, 1)
	if _, fresh := sessions.Apply(7, 3, "add"); !fresh {
		t.Fatal("a new client's request 3 was not executed")
	}
	for client := protocols.ClientID(100); client < 100+2*EndedPerSession; client++ {
		sessions.Apply(client, 1, "add")
	}
	if sessions.Forgotten != 106 || len(sessions.Ended) != EndedPerSession || sessions.Ended[0].Client != 107 {
		t.Fatalf("forgotten up to %d, ended %v", sessions.Forgotten, sessions.Ended)
	}
	executed := sessions.Machine.(*counter).Count
	for request := range uint64(9) {
		if !sessions.Gone(7, request) {
			t.Errorf("request %d of a client that is forgotten is not refused", request)
		}
		sessions.Apply(7, request, "add")
	}
	if sessions.Machine.(*counter).Count != executed {
		t.Error("requests of a client that is forgotten were executed")
	}
	if _, fresh := sessions.Apply(200, 4, "add"); !fresh {
		t.Error("a client of a higher number was refused")
	}
}

// The leader's ticks: who is silent for longer than the limit is expired.
func TestActivity(t *testing.T) {
	sessions := New(&counter{})
	for client := protocols.ClientID(1); client <= 3; client++ {
		sessions.Apply(client, 1, "add")
	}
	var activity Activity
	var expired []Idle
	for range 10 {
		activity.Hear(sessions, 2)
		activity.Hear(sessions, 9) // has no session
		expire, some := activity.Tick(sessions, 4)
		if some != (len(expire.Clients) > 0) {
			t.Fatalf("%+v, %v", expire, some)
		}
		expired = append(expired, expire.Clients...)
		if activity.Now == 8 {
			sessions.Apply(0, 0, expire) // nobody
			sessions.Apply(0, 0, Expire{Clients: expired})
		}
	}
	// Seen first in tick 1, silent for more than 4 ticks in tick 6; not named
	// again until tick 11.
	if want := []Idle{{1, 1}, {3, 1}}; !slices.Equal(expired, want) {
		t.Errorf("expired %v, want %v", expired, want)
	}
	if len(activity.Heard) != 1 || len(sessions.Open) != 1 {
		t.Errorf("heard %v, open %v", activity.Heard, sessions.Open)
	}
}

// A million commands of many clients leave no more than the limits allow.
func TestSessionsAreBounded(t *testing.T) {
	sessions := NewLimited(NewKV(), 100)
	var command protocols.Command = Command{Op: Put, Key: "x", Value: "1"}
	for i := range 1_000_000 {
		client := protocols.ClientID(1 + i/20 + i%150) // clients come and go
		sessions.Apply(client, uint64(i), command)
		if len(sessions.Open) > 100 || len(sessions.Ended) > 100*EndedPerSession || cap(sessions.Ended) > 4*100*EndedPerSession {
			t.Fatalf("after %d commands: %d open, %d ended of %d", i+1, len(sessions.Open), len(sessions.Ended), cap(sessions.Ended))
		}
	}
	snapshot := sessions.Snapshot().(SessionsSnapshot)
	if len(snapshot.Open) != 100 || len(snapshot.Ended) < 90*EndedPerSession || sessions.Forgotten < 45_000 {
		t.Errorf("%d open, %d ended, forgotten %d", len(snapshot.Open), len(snapshot.Ended), sessions.Forgotten)
	}
}
