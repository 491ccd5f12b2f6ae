package sim

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPatienceEndsAtItsInstant compares with a queue that holds the end of every
// call: the same must come up of the calls that are not over, and the rest be no
// more than the delays somebody ordered.
func TestPatienceEndsAtItsInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		client := Client{ID: 1, Timeout: 100}
		s := &Simulator{World: &World{State: State{Clients: []Client{client}}}, patiences: make([]patience, 1)}
		var model queue
		delays := 0
		for range rapid.IntRange(0, 200).Draw(t, "operations") {
			switch rapid.IntRange(0, 5).Draw(t, "operation") {
			default:
				client.Call++
				s.schedulePatience(&client)
				model.push(due{s.World.Now + client.Timeout, s.scheduled, Choice{Kind: Expire, Client: 1, ID: client.Call}})
			case 0:
				c, by := Choice{Kind: Expire, Client: 1, ID: client.Call}, time.Duration(rapid.IntRange(1, 300).Draw(t, "by"))
				at := slices.IndexFunc(model, func(d due) bool { return d.choice == c })
				if s.Postpone(c, by) != (at >= 0) {
					t.Fatalf("the end of call %d is put off: %v", c.ID, at < 0)
				}
				if at >= 0 {
					delays++
					model[at].at += by
					slices.SortFunc(model, func(a, b due) int { return int(a.at - b.at) })
				}
			case 1:
				s.World.Now += time.Duration(rapid.IntRange(0, 120).Draw(t, "passes"))
			}
			for len(model) > 0 && model[0].at <= s.World.Now {
				if want := model.pop(); want.choice.ID == client.Call {
					if got := earliest(s); got != want {
						t.Fatalf("%+v comes up, want %+v", got, want)
					}
				}
			}
			if len(s.queue) > 1+delays {
				t.Fatalf("%d are in the queue", len(s.queue))
			}
		}
	})
}

// earliest takes the first out that is not over.
func earliest(s *Simulator) due {
	for len(s.queue) > 0 {
		if next := s.queue.pop(); !s.postpone(&next) {
			return next
		}
	}
	return due{}
}
