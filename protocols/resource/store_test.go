package resource_test

import (
	"reflect"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

var (
	here  = protocols.NodeID(1)
	alone = []protocols.NodeID{1}
	both  = []protocols.NodeID{1, 2}
)

func get(key string) machine.Command { return machine.Command{Op: machine.Get, Key: key} }
func put(key, value string) machine.Command {
	return machine.Command{Op: machine.Put, Key: key, Value: value}
}

func add(key, amount string) machine.Command {
	return machine.Command{Op: machine.Add, Key: key, Value: amount}
}

// request makes request n of a client, begun at n milliseconds.
func request(n uint64, client protocols.ClientID, participants []protocols.NodeID, commands ...machine.Command) resource.Request {
	return resource.Request{
		Transaction: resource.NewID(2, n), Begun: time.Duration(n) * time.Millisecond, Client: client, Number: n,
		Participants: participants, Commands: commands, Conditional: len(participants) > 1 || len(commands) > 1,
	}
}

func newStore(t testing.TB, values map[string]string) resource.Store {
	t.Helper()
	s, err := resource.NewStore(here, resource.Ownership{Nodes: alone}, &machine.KV{Values: values})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func expectVote(t *testing.T, o resource.Outcome, vote resource.Vote, refusal string) {
	t.Helper()
	if o.Vote != vote || o.Refusal != refusal || o.Wait {
		t.Errorf("outcome %+v, want vote %q, refusal %q", o, vote, refusal)
	}
}

func TestExecuteIsTentative(t *testing.T) {
	s := newStore(t, map[string]string{"a": "10"})
	r := request(1, 1, both, add("a", "-3"), put("b", "x"), get("a"))
	o := s.Execute(r)
	expectVote(t, o, resource.Yes, "")
	if o.Results[2].Value != "7" {
		t.Errorf("the transaction does not see its own write: %+v", o.Results)
	}
	if s.Committed.Values["a"] != "10" || len(s.Committed.Values) != 1 {
		t.Errorf("committed too early: %v", s.Committed.Values)
	}
	record := s.Prepare(r.Transaction)
	want := []resource.Image{
		{Key: "a", Before: resource.Value{Text: "10", Present: true}, After: resource.Value{Text: "7", Present: true}},
		{Key: "b", After: resource.Value{Text: "x", Present: true}},
	}
	if !reflect.DeepEqual(record.Branch.Images, want) || !record.Branch.Prepared {
		t.Errorf("record %+v", record)
	}
	if s.Locked(uint64(r.Transaction)) != 2 || s.Pending(uint64(r.Transaction)) != -3 || s.Balance() != 10 {
		t.Errorf("%d locks, %d pending, balance %d", s.Locked(uint64(r.Transaction)), s.Pending(uint64(r.Transaction)), s.Balance())
	}
	again := s.Execute(r)
	expectVote(t, again, resource.Yes, "")
	if !reflect.DeepEqual(again.Results, o.Results) {
		t.Errorf("a repetition has other results: %+v", again)
	}
	s.Resolve(r.Transaction, resource.Commit)
	if s.Committed.Values["a"] != "7" || s.Committed.Values["b"] != "x" || len(s.Locks) != 0 || s.Balance() != 7 {
		t.Errorf("after commit: %+v", s)
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	s := newStore(t, map[string]string{"a": "10"})
	r := request(1, 1, both, add("a", "-3"))
	s.Execute(r)
	s.Prepare(r.Transaction)
	s.Resolve(r.Transaction, resource.Abort)
	if s.Committed.Values["a"] != "10" || len(s.Locks) != 0 || len(s.Branches) != 0 {
		t.Errorf("%+v", s)
	}
	if decision, over := s.IsOver(r.Transaction); !over || decision != resource.Abort {
		t.Error("the decision is forgotten")
	}
}

func TestConditionsAbortTransactionsOnly(t *testing.T) {
	s := newStore(t, map[string]string{"a": "1"})
	expectVote(t, s.Execute(request(1, 1, both, get("a"), add("a", "-2"))), resource.No, protocols.Aborted)
	if len(s.Locks) != 0 || len(s.Branches) != 0 {
		t.Errorf("a NO leaves something: %+v", s)
	}
	o := s.Execute(request(2, 1, alone, add("a", "-2")))
	expectVote(t, o, resource.Yes, "") // to be remembered: a retry must not add
	if o.Results[0].Swapped || o.Results[0].Value != "1" {
		t.Errorf("%+v", o)
	}
}

func TestReadsShareLocks(t *testing.T) {
	s := newStore(t, map[string]string{"a": "1"})
	first, second := request(1, 1, both, get("a")), request(2, 2, both, get("a"))
	expectVote(t, s.Execute(first), resource.ReadOnly, "")
	expectVote(t, s.Execute(second), resource.ReadOnly, "")
	expectVote(t, s.Execute(request(3, 3, both, put("a", "2"))), resource.No, protocols.Conflict)
	older := request(1, 4, both, put("a", "3"))
	older.Begun, older.Transaction = 0, resource.NewID(3, 1)
	if o := s.Execute(older); !o.Wait {
		t.Errorf("the older one must wait: %+v", o)
	}
	if free := s.Release(first.Transaction); len(free) != 1 || !s.Execute(free[0]).Wait {
		t.Errorf("one reader is left: %+v", free)
	}
	free := s.Release(second.Transaction)
	if len(free) != 1 {
		t.Fatalf("nobody is let in: %+v", s)
	}
	expectVote(t, s.Execute(free[0]), resource.Yes, "")
	if len(s.Waiting) != 0 {
		t.Errorf("still waiting: %+v", s.Waiting)
	}
}

func TestWaitDie(t *testing.T) {
	s := newStore(t, nil)
	holder := request(5, 1, both, put("a", "1"))
	s.Execute(holder)
	younger, older := request(6, 2, both, put("a", "2")), request(4, 3, both, put("a", "3"))
	single := request(7, 4, alone, get("a"))
	o := s.Execute(younger)
	expectVote(t, o, resource.No, protocols.Conflict)
	if o.Blocker != 0 {
		t.Errorf("the holder is not in doubt: %+v", o)
	}
	s.Prepare(holder.Transaction)
	if o := s.Execute(younger); o.Blocker != holder.Transaction {
		t.Errorf("the holder is in doubt: %+v", o)
	}
	for _, r := range []resource.Request{older, single, older} {
		if o := s.Execute(r); !o.Wait || o.Blocker != holder.Transaction {
			t.Errorf("%v: %+v", r.Transaction, o)
		}
	}
	if len(s.Waiting) != 2 {
		t.Errorf("waiting: %+v", s.Waiting)
	}
	if free := s.Resolve(holder.Transaction, resource.Commit); len(free) != 2 || free[0].Transaction != older.Transaction {
		t.Errorf("let in: %+v", free)
	}
	s.Resolve(single.Transaction, resource.Abort)
	if len(s.Waiting) != 1 {
		t.Errorf("an aborted request waits on: %+v", s.Waiting)
	}
}

func TestRetriesAreExecutedOnce(t *testing.T) {
	s := newStore(t, map[string]string{"a": "1"})
	first := request(1, 7, alone, add("a", "1"))
	s.Execute(first)
	record := s.Alone(first.Transaction)
	s.Resolve(first.Transaction, resource.Commit)
	retry := first
	retry.Transaction = resource.NewID(3, 9)
	o := s.Execute(retry)
	if !o.Earlier || !reflect.DeepEqual(o.Results, record.Branch.Results) || s.Committed.Values["a"] != "2" {
		t.Errorf("retry: %+v", o)
	}
	s.Execute(request(2, 7, alone, put("a", "9")))
	s.Resolve(resource.NewID(2, 2), resource.Commit)
	if o := s.Execute(retry); !o.Superseded {
		t.Errorf("late retry: %+v", o)
	}
	old := request(1, 7, alone, get("a"))
	old.Transaction = resource.NewID(3, 10)
	expectVote(t, s.Execute(old), resource.ReadOnly, "")
	refused := request(3, 7, alone, add("a", "x"))
	s.Refused(resource.RefuseAlone(&refused, protocols.Aborted))
	refused.Transaction = resource.NewID(3, 11)
	if o := s.Execute(refused); !o.Earlier || o.Refusal != protocols.Aborted {
		t.Errorf("retry of what was refused: %+v", o)
	}
}

func TestWatermarksForget(t *testing.T) {
	s := newStore(t, nil)
	for n := uint64(1); n <= 3; n++ {
		s.Resolve(resource.NewID(2, n), resource.Abort)
	}
	s.Resolve(resource.NewID(3, 1), resource.Abort)
	open := request(2, 1, both, put("a", "1"))
	open.Transaction = resource.NewID(4, 1)
	s.Execute(open)
	s.Advance(2, 3)
	s.Advance(2, 2) // an old message
	s.Advance(4, 9)
	if len(s.Over) != 2 {
		t.Errorf("over: %v", s.Over)
	}
	for id, want := range map[resource.ID]bool{
		resource.NewID(2, 1): true, resource.NewID(2, 3): true, resource.NewID(2, 4): false, resource.NewID(3, 1): true,
		open.Transaction: false, resource.NewID(4, 8): true,
	} {
		if _, over := s.IsOver(id); over != want {
			t.Errorf("%v over: %v, want %v", id, over, want)
		}
	}
	s.Resolve(resource.NewID(2, 2), resource.Abort)
	if len(s.Over) != 2 {
		t.Errorf("remembered below the watermark: %v", s.Over)
	}
}
