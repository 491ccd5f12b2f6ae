package machine

import (
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// counter counts what it is asked to execute: every execution shows.
type counter struct{ Count int }

func (c *counter) Apply(protocols.Command) protocols.Result { c.Count++; return c.Count }

func (c *counter) Query(command protocols.Command) (protocols.Result, bool) {
	return c.Count, command == "count"
}
func (c *counter) Snapshot() protocols.Record { return c.Count }
func (c *counter) Restore(record protocols.Record) {
	c.Count = 0
	if record != nil {
		c.Count = record.(int)
	}
}

type call struct {
	Client  protocols.ClientID
	Request uint64
}

// model is what Sessions must look like from outside: it forgets nothing, and
// knows which sessions are open by looking through all of them.
type model struct {
	limit   int
	results map[call]protocols.Result     // of all requests ever executed
	newest  map[protocols.ClientID]uint64 // highest request executed
	used    map[protocols.ClientID]int    // when it was, of open sessions
	over    map[call]bool                 // requests once found to be over
	clock   int
}

// apply makes the model take a request that was executed.
func (m *model) apply(c call, result protocols.Result) {
	m.clock++
	m.results[c], m.newest[c.Client] = result, c.Request
	if _, open := m.used[c.Client]; !open && len(m.used) == m.limit {
		oldest := protocols.ClientID(0)
		for client, used := range m.used {
			if oldest == 0 || used < m.used[oldest] {
				oldest = client
			}
		}
		delete(m.used, oldest)
	}
	m.used[c.Client] = m.clock
}

// TestSessionsExecuteExactlyOnce: whatever the order of requests, repetitions,
// expiries and evictions, no request is executed twice, no request below an
// executed one is, the clients used last get the first result again, and what is
// over stays so.
func TestSessionsExecuteExactlyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 4).Draw(t, "limit")
		sessions := NewLimited(&counter{}, limit)
		m := model{
			limit: limit, results: map[call]protocols.Result{}, newest: map[protocols.ClientID]uint64{},
			used: map[protocols.ClientID]int{}, over: map[call]bool{},
		}
		for range rapid.IntRange(0, 200).Draw(t, "calls") {
			c := call{
				Client:  protocols.ClientID(rapid.Uint32Range(1, 60).Draw(t, "client")),
				Request: rapid.Uint64Range(0, 6).Draw(t, "request"),
			}
			if rapid.IntRange(0, 9).Draw(t, "expires") == 0 {
				sessions.Apply(0, 0, Expire{Clients: []Idle{{c.Client, c.Request}}})
				if m.newest[c.Client] == c.Request {
					delete(m.used, c.Client)
				}
				continue
			}
			checkRequest(t, sessions, &m, c)
			if len(sessions.Open) > limit || len(sessions.Ended) > EndedPerSession*limit {
				t.Fatalf("%d sessions and %d ended ones with a limit of %d", len(sessions.Open), len(sessions.Ended), limit)
			}
		}
	})
}

func checkRequest(t *rapid.T, sessions *Sessions, m *model, c call) {
	executed := sessions.Machine.(*counter).Count
	known, answered, over := sessions.Answered(c.Client, c.Request)
	gone := sessions.Gone(c.Client, c.Request)
	result, fresh := sessions.Apply(c.Client, c.Request, "add")
	if now := sessions.Machine.(*counter).Count; fresh != (now > executed) || now > executed+1 {
		t.Fatalf("%+v: fresh %v, %d executed after %d", c, fresh, now, executed)
	}
	_, open := m.used[c.Client]
	highest, seen := m.newest[c.Client]
	switch {
	case over:
		if fresh || answered || result != nil || known != nil {
			t.Fatalf("%+v is over, but: %v, fresh %v, answered %v", c, result, fresh, answered)
		}
		if gone == open {
			t.Fatalf("%+v: session gone %v, open %v", c, gone, open)
		}
		m.over[c] = true
	case answered:
		if fresh || result != m.results[c] || known != m.results[c] || gone {
			t.Fatalf("repeated %+v: %v (fresh %v, known %v), first it was %v", c, result, fresh, known, m.results[c])
		}
	default:
		if !fresh || gone || m.over[c] || seen && c.Request <= highest {
			t.Fatalf("%+v was executed after %d, fresh %v, gone %v, over before %v", c, highest, fresh, gone, m.over[c])
		}
		m.apply(c, result)
	}
	if open && (answered != (c.Request == highest) || over != (c.Request < highest)) {
		t.Fatalf("%+v of an open session, last %d: answered %v, over %v", c, highest, answered, over)
	}
}

func toClient(n uint32) protocols.ClientID { return protocols.ClientID(n) }

func TestNobodyHasNoSession(t *testing.T) {
	sessions := New(&counter{})
	for i := 1; i <= 2; i++ {
		if result, fresh := sessions.Apply(0, 1, "add"); result != i || !fresh {
			t.Errorf("call %d: %v, fresh %v", i, result, fresh)
		}
	}
	if len(sessions.Open) != 0 {
		t.Errorf("client 0 got a session: %v", sessions.Open)
	}
}

// step is one command of one client, for replays.
type step struct {
	call
	command protocols.Command
}

func drawSteps(t *rapid.T) []step {
	var steps []step
	for range rapid.IntRange(0, 60).Draw(t, "steps") {
		s := step{
			call{
				rapid.Map(rapid.Uint32Range(0, 30), toClient).Draw(t, "client"),
				rapid.Uint64Range(0, 9).Draw(t, "request"),
			},
			drawCommand(t),
		}
		if rapid.IntRange(0, 9).Draw(t, "expires") == 0 {
			s = step{command: Expire{Clients: []Idle{{s.Client, s.Request}, {s.Client + 1, s.Request}}}}
		}
		steps = append(steps, s)
	}
	return steps
}

func TestSnapshotEqualsReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := drawSteps(t)
		cut := rapid.IntRange(0, len(steps)).Draw(t, "cut")
		limit := rapid.IntRange(1, 3).Draw(t, "limit")
		fresh := func() *Sessions { return NewLimited(NewKV(), limit) }

		through := replay(fresh(), steps[:cut])
		snapshot := through.Snapshot()
		replay(through, steps[cut:]) // must not reach into the snapshot

		restored := fresh()
		replay(restored, steps) // some other state, to be replaced
		restored.Restore(snapshot)
		equal(t, "restored", restored, replay(fresh(), steps[:cut]))
		replay(restored, steps[cut:])
		equal(t, "after the snapshot", restored, through)

		restored.Restore(snapshot)
		equal(t, "restored again", restored, replay(fresh(), steps[:cut]))
		restored.Restore(nil)
		equal(t, "restored from nothing", restored, fresh())
	})
}

func equal(t *rapid.T, what string, got, want any) {
	if differences := state.Diff(want, got); len(differences) > 0 {
		t.Fatalf("%s: %+v", what, differences)
	}
}

func replay(sessions *Sessions, steps []step) *Sessions {
	for _, s := range steps {
		sessions.Apply(s.Client, s.Request, s.command)
	}
	return sessions
}

// What an empty state looks like after a copy or a decoding is up to the codec:
// nil maps must do.
func TestNilMapsAreEmpty(t *testing.T) {
	sessions := &Sessions{Machine: &KV{}}
	sessions.Restore(sessions.Snapshot())
	sessions = &Sessions{Machine: &KV{}}
	if _, fresh := sessions.Apply(1, 1, Command{Op: CAS, Key: "x", Value: "1", Absent: true}); !fresh {
		t.Error("first request was taken for a repetition")
	}
	result, ok := sessions.Query(Command{Op: Get, Key: "x"})
	if want := (Result{Value: "1", Found: true}); !ok || result != want {
		t.Errorf("read %+v, want %+v", result, want)
	}
}

func BenchmarkSessions(b *testing.B) {
	sessions := New(NewKV())
	var command protocols.Command = Command{Op: Put, Key: "x", Value: "1"}
	b.ReportAllocs()
	request := uint64(0)
	for b.Loop() {
		request++
		sessions.Apply(protocols.ClientID(1+request%16), request, command)
	}
}
