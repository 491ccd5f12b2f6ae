package commitment_test

import (
	"fmt"
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/commitment"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// A client is told only what is surely so.
func TestErrandTells(t *testing.T) {
	nodes := []protocols.NodeID{1, 2}
	ownership, err := resource.NewOwnership("h", nodes)
	if err != nil {
		t.Fatal(err)
	}
	done, earlier := commitment.Answer{Results: []machine.Result{{Swapped: true}}}, commitment.Answer{Earlier: true, Results: []machine.Result{{Value: "then"}}}
	for name, c := range map[string]struct {
		answers  []commitment.Answer // of n1, n2
		decision resource.Decision
		want     string
	}{
		"committed":                                {[]commitment.Answer{done, done}, resource.Commit, "{{}{}}"},
		"committed, and one result is not known":   {[]commitment.Answer{done}, resource.Commit, "nothing"},
		"committed, and no result is known":        {nil, resource.Commit, "nothing"},
		"aborted":                                  {[]commitment.Answer{done}, resource.Abort, "refused: abort"},
		"refused":                                  {[]commitment.Answer{done, {Refusal: protocols.Conflict}}, resource.Abort, "refused: conflict"},
		"all carried it out before":                {[]commitment.Answer{earlier, earlier}, resource.Abort, "{{then}{then}}"},
		"one carried it out before":                {[]commitment.Answer{earlier, {Refusal: protocols.Conflict}}, resource.Abort, "nothing"},
		"somebody has heard a later request of it": {[]commitment.Answer{{Superseded: true}}, resource.Abort, "nothing"},
	} {
		parts, conditional, err := ownership.Split(machine.Transfer("a", "z", 1))
		if err != nil {
			t.Fatal(err)
		}
		e := commitment.Errand{Client: 1, Request: 1, Parts: parts, Conditional: conditional}
		for i, answer := range c.answers {
			e.Keep(nodes[i], answer)
		}
		var out protocols.Effects
		e.Tell(c.decision, &out)
		if got := told(out); got != c.want {
			t.Errorf("%s: the client is told %s, want %s", name, got, c.want)
		}
		if complete := e.Result() != nil; complete != (len(c.answers) == 2 && c.answers[1].Results != nil) {
			t.Errorf("%s: the result is known: %v", name, complete)
		}
	}
	var out protocols.Effects
	(&commitment.Errand{}).Tell(resource.Commit, &out) // of an earlier life
	if len(out) > 0 {
		t.Errorf("nobody asked, and is told %v", out)
	}
}

func told(out protocols.Effects) string {
	if len(out) == 0 {
		return "nothing"
	}
	reply := out[0].(protocols.Reply)
	if reply.Refusal != "" {
		return "refused: " + reply.Refusal
	}
	text := ""
	for _, r := range reply.Result.(machine.TransactionResult).Results {
		text += "{" + r.Value + "}"
	}
	return "{" + text + "}"
}

// What is said once something is on disk is sent when all that was forced before is there.
func TestPendingHoldsBack(t *testing.T) {
	var s commitment.Site
	var p commitment.Pending
	var out protocols.Effects
	s.Say(&p, 2, "at once", &out)
	s.Force(&p, 1, "a", "first", &out)
	s.Say(&p, 2, "after a", &out)
	s.Force(&p, 1, "b", "second", &out)
	s.Say(&p, 2, "after b", &out)
	for _, mark := range []uint64{1, 2} {
		s.Written = mark
		s.Release(&p, &out)
	}
	got := ""
	for _, effect := range out {
		switch e := effect.(type) {
		case protocols.Send:
			got += fmt.Sprint(e.Message, "; ")
		case protocols.Persist:
			got += fmt.Sprintf("write %d; ", e.Mark)
		}
	}
	if want := "at once; write 1; write 2; after a; after b; "; got != want || len(p.Held) > 0 {
		t.Errorf("%s\nwant\n%s\nheld: %v", got, want, p.Held)
	}
}

func TestSortedByTransaction(t *testing.T) {
	var list commitment.Sorted[commitment.Share]
	for _, count := range []uint64{5, 2, 9} {
		list.Add(commitment.NewShare(resource.NewID(1, count), commitment.TaskVote))
	}
	for i := 1; i < len(list); i++ {
		if list[i-1].Transaction >= list[i].Transaction {
			t.Fatalf("%v", list)
		}
	}
	var out protocols.Effects
	if list.Find(resource.NewID(1, 2)) == nil || list.Find(resource.NewID(1, 3)) != nil {
		t.Errorf("found wrongly in %v", list)
	}
	list.Drop(resource.NewID(1, 3), "t", &out)
	if len(out) > 0 || len(list) != 3 {
		t.Errorf("what is not there was dropped: %v", out)
	}
	list.Drop(resource.NewID(1, 2), "t", &out)
	if list.Find(resource.NewID(1, 2)) != nil || len(out) != 1 {
		t.Errorf("not dropped, or its timer runs on: %v", out)
	}
}

func TestBallotsGrowAndAreTheirLeaders(t *testing.T) {
	first := commitment.NewBallot(1, 3)
	next := first.After(2)
	if next <= first || next.Leader() != 2 || next.String() != "2.2" || next.After(3) == next.After(2) {
		t.Errorf("%v, %v", first, next)
	}
}
