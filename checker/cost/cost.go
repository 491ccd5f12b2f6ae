package cost

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"quorumlab/sim"
)

// Cost is what a run has cost. Its lists are in a fixed order; what is 0 is not
// in them.
type Cost struct {
	// Operations holds reads and then writes, if there were any.
	Operations []Operations `json:"operations"`
	// Upkeep is what was spent on account of no request.
	Upkeep Spent `json:"upkeep"`
}

// Operations is what all operations of one kind have cost.
type Operations struct {
	Kind string `json:"kind"` // Read or Write
	// Answered counts those that a node answered, not refused.
	Answered int64 `json:"answered"`
	// Delays tells of the answered ones how many took how many message
	// delays. Those whose chain was broken by a crash are not in it.
	Delays []Delays `json:"delays"`
	Spent
}

// The kinds of operation. What a state machine does not answer as a query is a
// write.
const (
	Read  = "read"
	Write = "write"
)

// Delays counts operations.
type Delays struct {
	// Asked is the role of the node that was asked and answered.
	Asked      string `json:"asked"`
	Delays     int    `json:"delays"`
	Operations int64  `json:"operations"`
}

// Spent is messages and forces.
type Spent struct {
	Messages []Messages `json:"messages"`
	Forces   []Forces   `json:"forces"`
}

// Messages counts the messages of one type that nodes sent, whether or not they
// arrived. Bytes are canonical ones, 0 if they were not measured.
type Messages struct {
	Type  string `json:"type"`
	Count int64  `json:"count"`
	Bytes int64  `json:"bytes"`
}

// Forces counts the forces of one node's disk in one role.
type Forces struct {
	Node  string `json:"node"`
	Role  string `json:"role"` // "" if it never named one
	Count int64  `json:"count"`
}

// Of returns what the operations of a kind have cost.
func (c Cost) Of(kind string) Operations {
	for _, o := range c.Operations {
		if o.Kind == kind {
			return o
		}
	}
	return Operations{Kind: kind}
}

// Sent returns the number of all messages.
func (s Spent) Sent() int64 {
	sum := int64(0)
	for _, m := range s.Messages {
		sum += m.Count
	}
	return sum
}

// Forced returns the number of forces in a role.
func (s Spent) Forced(role string) int64 {
	sum := int64(0)
	for _, f := range s.Forces {
		if f.Role == role {
			sum += f.Count
		}
	}
	return sum
}

// account gathers what becomes a Spent and, of operations, the rest.
type account struct {
	messages map[reflect.Type]*Messages
	forces   map[place]int64
	answered int64
	delays   map[delayed]int64
}

type place struct {
	node int
	role string
}

type delayed struct {
	asked  string
	delays int
}

func newAccount() account {
	return account{
		messages: map[reflect.Type]*Messages{}, forces: map[place]int64{}, delays: map[delayed]int64{},
	}
}

// message counts a message.
func (a *account) message(of reflect.Type, bytes int) {
	m := a.messages[of]
	if m == nil {
		m = &Messages{Type: of.String()}
		a.messages[of] = m
	}
	m.Count++
	m.Bytes += int64(bytes)
}

func (a *account) spent(setup *sim.Setup) Spent {
	spent := Spent{Messages: []Messages{}, Forces: []Forces{}}
	types := slices.SortedFunc(maps.Keys(a.messages), func(x, y reflect.Type) int {
		return cmp.Or(cmp.Compare(x.String(), y.String()), cmp.Compare(x.PkgPath(), y.PkgPath()))
	})
	for _, t := range types {
		spent.Messages = append(spent.Messages, *a.messages[t])
	}
	places := slices.SortedFunc(maps.Keys(a.forces), func(x, y place) int {
		return cmp.Or(cmp.Compare(x.node, y.node), cmp.Compare(x.role, y.role))
	})
	for _, p := range places {
		spent.Forces = append(spent.Forces, Forces{Node: setup.Names[p.node], Role: p.role, Count: a.forces[p]})
	}
	return spent
}

func (a *account) operations(kind string, setup *sim.Setup) Operations {
	o := Operations{Kind: kind, Answered: a.answered, Delays: []Delays{}, Spent: a.spent(setup)}
	chains := slices.SortedFunc(maps.Keys(a.delays), func(x, y delayed) int {
		return cmp.Or(cmp.Compare(x.asked, y.asked), cmp.Compare(x.delays, y.delays))
	})
	for _, c := range chains {
		o.Delays = append(o.Delays, Delays{Asked: c.asked, Delays: c.delays, Operations: a.delays[c]})
	}
	return o
}
