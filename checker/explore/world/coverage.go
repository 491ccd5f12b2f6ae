package world

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	gosync "sync"

	"quorumlab/checker/explore"
	"quorumlab/protocols"
)

// covered counts what nodes did in the steps that were computed: each in a
// distinct situation of a node.
type covered struct {
	mutex gosync.Mutex
	taken map[branch]uint64
	types map[string]bool // that were sent, written or received
}

type branch struct{ of, name string }

// What a branch is of.
const (
	ofEvent     = "event"
	ofNote      = "note"
	ofMilestone = "milestone"
	ofType      = "message or record"
)

// step takes down a step: its event and what the node did.
func (c *covered) step(m *Model, event protocols.Event, effects protocols.Effects) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.taken == nil {
		c.taken, c.types = map[branch]uint64{}, map[string]bool{}
	}
	switch e := event.(type) {
	case protocols.Received:
		c.taken[branch{ofEvent, "received " + typeName(e.Message)}]++
		c.types[typeName(e.Message)] = true
	case protocols.TimerFired:
		c.taken[branch{ofEvent, "fired " + e.Timer.Name}]++
	default:
		c.taken[branch{ofEvent, typeName(event)}]++
	}
	noted := map[branch]bool{}
	for _, effect := range effects {
		switch e := effect.(type) {
		case protocols.Send:
			c.types[typeName(e.Message)] = true
			c.taken[branch{ofEvent, "received " + typeName(e.Message)}] += 0
		case protocols.SetTimer:
			c.taken[branch{ofEvent, "fired " + e.Timer.Name}] += 0
		case protocols.Persist:
			for _, write := range e.Writes {
				c.wrote(write)
			}
		case protocols.Note:
			noted[branch{ofNote, string(e.Kind)}] = true
			for _, milestone := range m.config.Protocol.Milestones {
				if milestone.Kind == e.Kind && (milestone.Text == "" || milestone.Text == e.Text) {
					noted[branch{ofMilestone, milestone.String()}] = true
				}
			}
		}
	}
	for b := range noted {
		c.taken[b]++
	}
}

// wrote takes down the record of a write, if it has one.
func (c *covered) wrote(write protocols.Write) {
	switch w := write.(type) {
	case protocols.Append:
		c.types[typeName(w.Record)] = true
	case protocols.SetMeta:
		c.types[typeName(w.Meta)] = true
	case protocols.SaveSnapshot:
		c.types[typeName(w.Snapshot)] = true
	}
}

func typeName(value any) string { return fmt.Sprintf("%T", value) }

// Coverage implements explore.Covering: the events, by the kind of message and
// timer; the notes by kind; the milestones of the protocol; and which of its own
// types were neither under way nor on a disk.
func (m *Model) Coverage() []explore.Branch {
	c := &m.coverage
	c.mutex.Lock()
	defer c.mutex.Unlock()
	all := map[branch]uint64{}
	for _, event := range []protocols.Event{
		protocols.Recovered{}, protocols.Requested{}, protocols.Persisted{}, protocols.Disconnected{},
	} {
		if _, disconnects := event.(protocols.Disconnected); !disconnects || m.config.Protocol.Links == protocols.Stream {
			all[branch{ofEvent, typeName(event)}] = 0
		}
	}
	for _, milestone := range m.config.Protocol.Milestones {
		all[branch{ofMilestone, milestone.String()}] = 0
	}
	node := strings.TrimPrefix(typeName(m.newNode(1)), "*")
	own := node[:strings.IndexByte(node, '.')+1]
	for _, value := range m.config.Protocol.Types {
		if name := typeName(value); strings.HasPrefix(name, own) && name != node && !c.types[name] {
			all[branch{ofType, name}] = 0
		}
	}
	for b, taken := range c.taken {
		all[b] = taken
	}
	var branches []explore.Branch
	for b, taken := range all {
		branches = append(branches, explore.Branch{Of: b.of, Name: b.name, Taken: taken})
	}
	slices.SortFunc(branches, func(a, b explore.Branch) int {
		return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.Name, b.Name))
	})
	return branches
}
