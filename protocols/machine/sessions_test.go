package machine

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols"
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

func TestSessionsExecuteExactlyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sessions := New(&counter{})
		first := map[call]protocols.Result{}      // what each request got when it was executed
		newest := map[protocols.ClientID]uint64{} // highest request executed
		for range rapid.IntRange(0, 40).Draw(t, "calls") {
			c := call{
				Client:  rapid.Map(rapid.Uint32Range(1, 3), toClient).Draw(t, "client"),
				Request: rapid.Uint64Range(0, 6).Draw(t, "request"),
			}
			executed := sessions.Machine.(*counter).Count
			known, answered, superseded := sessions.Answered(c.Client, c.Request)
			result, fresh := sessions.Apply(c.Client, c.Request, "add")
			highest, seen := newest[c.Client]
			switch {
			case !seen || c.Request > highest:
				if !fresh || result != executed+1 || answered || superseded {
					t.Fatalf("new %+v: %v, fresh %v, answered %v, superseded %v", c, result, fresh, answered, superseded)
				}
				first[c], newest[c.Client] = result, c.Request
				continue
			case c.Request == highest:
				if fresh || result != first[c] || !answered || known != first[c] {
					t.Fatalf("repeated %+v: %v (fresh %v, known %v), first it was %v", c, result, fresh, known, first[c])
				}
			default:
				if fresh || result != nil || answered || !superseded {
					t.Fatalf("outdated %+v: %v, fresh %v, answered %v, superseded %v", c, result, fresh, answered, superseded)
				}
			}
			if sessions.Machine.(*counter).Count != executed {
				t.Fatalf("%+v was executed again", c)
			}
		}
	})
}

func toClient(n uint32) protocols.ClientID { return protocols.ClientID(n) }

func TestNobodyHasNoSession(t *testing.T) {
	sessions := New(&counter{})
	for i := 1; i <= 2; i++ {
		if result, fresh := sessions.Apply(0, 1, "add"); result != i || !fresh {
			t.Errorf("call %d: %v, fresh %v", i, result, fresh)
		}
	}
	if len(sessions.Answers) != 0 {
		t.Errorf("client 0 got a session: %v", sessions.Answers)
	}
}

// step is one command of one client, for replays.
type step struct {
	call
	command Command
}

func TestSnapshotEqualsReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var steps []step
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			steps = append(steps, step{
				call{
					rapid.Map(rapid.Uint32Range(0, 2), toClient).Draw(t, "client"),
					rapid.Uint64Range(0, 9).Draw(t, "request"),
				},
				drawCommand(t),
			})
		}
		cut := rapid.IntRange(0, len(steps)).Draw(t, "cut")

		through := replay(New(NewKV()), steps[:cut])
		snapshot := through.Snapshot()
		replay(through, steps[cut:]) // must not reach into the snapshot

		restored := New(NewKV())
		replay(restored, steps) // some other state, to be replaced
		restored.Restore(snapshot)
		if want := replay(New(NewKV()), steps[:cut]); !reflect.DeepEqual(restored, want) {
			t.Fatalf("restored %+v, replay gives %+v", restored, want)
		}
		replay(restored, steps[cut:])
		if !reflect.DeepEqual(restored, through) {
			t.Fatalf("after the snapshot: %+v, without it: %+v", restored, through)
		}

		restored.Restore(snapshot)
		if !reflect.DeepEqual(restored, replay(New(NewKV()), steps[:cut])) {
			t.Fatal("the snapshot was changed by commands applied after it was restored")
		}
		restored.Restore(nil)
		if !reflect.DeepEqual(restored, New(NewKV())) {
			t.Fatalf("restored from nothing: %+v", restored)
		}
	})
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
