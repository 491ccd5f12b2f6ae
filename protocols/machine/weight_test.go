package machine_test

import (
	"strings"
	"testing"

	"quorumlab/protocols/machine"
)

// A log is full by its bytes from a number on, and later if its snapshot is large.
func TestWeight(t *testing.T) {
	put := machine.Command{Op: machine.Put, Key: "k", Value: strings.Repeat("v", 1<<20)}
	fill := func(w *machine.Weight) (commands int) {
		for ; !w.Full(1) && commands < 1000; commands++ {
			w.Add(put)
		}
		return commands
	}
	var w machine.Weight
	if n := fill(&w); n != 32 {
		t.Errorf("it is full after %d MiB", n)
	}
	if w.Full(2) {
		t.Error("it is full twice")
	}
	w.Begin(machine.SessionsSnapshot{Machine: machine.JournalPages{Pages: []string{strings.Repeat("v", 100<<20)}}})
	if n := fill(&w); n != 100 {
		t.Errorf("behind a large snapshot it is full after %d MiB", n)
	}
}

// A journal of large values remembers fewer changes, each transaction's as a whole, and
// says which it does not know any more.
func TestJournalOfLargeValues(t *testing.T) {
	j := machine.NewJournal()
	value := strings.Repeat("v", 1<<20)
	for range 100 {
		j.Apply(machine.Transaction{Commands: []machine.Command{
			{Op: machine.Put, Key: "a", Value: value}, {Op: machine.Put, Key: "b", Value: value}, {Op: machine.Put, Key: "c", Value: value},
		}})
		bytes := 0
		for _, change := range j.Changes {
			bytes += len(change.Key) + len(change.Value)
		}
		if bytes != j.Bytes || bytes > 36<<20 {
			t.Fatalf("%d bytes of changes, %d are counted", bytes, j.Bytes)
		}
		changes, complete := j.Since(j.Complete)
		if !complete || len(changes)%3 != 0 || len(changes) < 3 || changes[0].Revision != j.Complete+1 {
			t.Fatalf("%d changes are known from revision %d on", len(changes), j.Complete)
		}
	}
	if _, complete := j.Since(j.Complete - 1); complete || j.Complete == 0 {
		t.Errorf("all changes are known from revision %d on", j.Complete)
	}
}
