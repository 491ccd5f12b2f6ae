package resource_test

import (
	"strconv"
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
	"quorumlab/sim"
)

// TestSessionsAreBounded has more clients than a participant remembers, each of
// which adds 1. Whatever has ended, nothing is added twice.
func TestSessionsAreBounded(t *testing.T) {
	const clients = 10 * machine.SessionLimit
	s := newStore(t, map[string]string{"a": "0"})
	count := uint64(0)
	ask := func(client protocols.ClientID, number uint64) resource.Outcome {
		count++
		r := request(count, client, alone, add("a", "1"))
		r.Number = number
		outcome := s.Execute(r)
		if outcome.Vote == resource.Yes {
			s.Resolve(r.Transaction, resource.Commit)
		}
		return outcome
	}
	for client := protocols.ClientID(1); client <= clients; client++ {
		if outcome := ask(client, 2); outcome.Vote != resource.Yes {
			t.Fatalf("client %d: %+v", client, outcome)
		}
		if len(s.Sessions) > machine.SessionLimit || len(s.Ended) > machine.EndedPerSession*machine.SessionLimit {
			t.Fatalf("%d sessions and %d ended ones are kept", len(s.Sessions), len(s.Ended))
		}
	}
	var disk sim.Disk
	disk.Pending = []protocols.Persist{{Mark: 1, Writes: []protocols.Write{protocols.SaveSnapshot{Snapshot: s.Snapshot(0, 0, nil)}}}}
	disk.Start()
	disk.Complete()
	if _, err := s.Recover(disk.Image()); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		client protocols.ClientID
		number uint64
		want   resource.Outcome
	}{
		{clients, 2, resource.Outcome{Vote: resource.No, Earlier: true}},
		{clients, 1, resource.Outcome{Vote: resource.No, Superseded: true}},
		{clients - 2000, 2, resource.Outcome{Vote: resource.No, Refusal: protocols.SessionGone}},
		{clients - 2000, 1, resource.Outcome{Vote: resource.No, Superseded: true}},
		{1, 2, resource.Outcome{Vote: resource.No, Refusal: protocols.SessionGone}},
		{clients - 2000, 3, resource.Outcome{Vote: resource.Yes}},
		{clients - 2000, 3, resource.Outcome{Vote: resource.No, Earlier: true}},
	} {
		got := ask(test.client, test.number)
		got.Results = nil
		if got.Vote != test.want.Vote || got.Refusal != test.want.Refusal || got.Earlier != test.want.Earlier || got.Superseded != test.want.Superseded {
			t.Errorf("request %d of client %d: %+v, want %+v", test.number, test.client, got, test.want)
		}
	}
	if got, want := s.Committed.Values["a"], strconv.Itoa(clients+1); got != want {
		t.Errorf("a is %s, want %s", got, want)
	}
}

// TestRefusedForAGoneSession: of a client that is forgotten nothing may be kept, lest
// a later request of it pass for a new one.
func TestRefusedForAGoneSession(t *testing.T) {
	s := newStore(t, map[string]string{"a": "0"})
	s.Forgotten = 5
	r := request(1, 5, alone, add("a", "1"))
	for range 2 {
		outcome := s.Execute(r)
		if outcome.Vote != resource.No || outcome.Refusal != protocols.SessionGone {
			t.Fatalf("%+v", outcome)
		}
		s.Refused(resource.RefuseAlone(&r, outcome.Refusal))
	}
	if len(s.Sessions) != 0 {
		t.Errorf("%+v", s.Sessions)
	}
}
