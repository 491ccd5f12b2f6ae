package scenarios

import (
	"slices"
	"strings"

	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// operatorClient is the session of a run's operator. It sits nowhere, so that
// no partition cuts it off: it is somebody who walks over to the machines.
func operatorClient(run *language.Run, id protocols.ClientID) sim.Client {
	return sim.Client{
		ID: id, Name: language.Operator, Side: language.Operator, Contacts: []protocols.NodeID{1}, Timeout: 10 * run.Cluster.Tick,
	}
}

// operator is the session that asks for other members: the nodes in turn, the
// leader first, time and again until it is answered or has something newer to
// ask. What it does is neither judged nor counted as the clients' operations
// are.
type operator struct {
	agenda *agenda
	tally  *tally
	client protocols.ClientID
	// wanted is what it is to get done, nil if nothing is; asked what it waits
	// for, nil if it waits for nothing.
	wanted, asked []protocols.NodeID
	// open holds what was asked for and may come into force some day.
	open [][]protocols.NodeID
	// news: it has something to do. failed: the last attempt did, so that it
	// waits before the next. told: that it failed was told.
	news, failed, told bool
	count              int
}

// want has the operator ask for members, as soon as it waits for nothing.
func (o *operator) want(who []protocols.NodeID) {
	o.wanted, o.news, o.failed, o.told = who, true, false, false
	o.tally.tell(o.agenda.sim.World.Now, Strikes, "the operator wants as members: %s", o.names(who))
}

func (o *operator) names(who []protocols.NodeID) string {
	names := make([]string, len(who))
	for i, id := range who {
		names[i] = o.agenda.sim.World.Setup().Name(id)
	}
	return strings.Join(names, " ")
}

// goOn does what is to be done next.
func (o *operator) goOn() {
	if !o.news {
		return
	}
	o.news = false
	if !o.failed {
		o.ask()
		return
	}
	a := o.agenda
	a.add(item{at: a.sim.World.Now + a.run.Cluster.Tick, do: func() error {
		o.ask()
		return nil
	}})
}

func (o *operator) ask() {
	if o.wanted == nil || o.asked != nil {
		return
	}
	o.asked = o.wanted
	if !slices.ContainsFunc(o.open, func(who []protocols.NodeID) bool { return slices.Equal(who, o.asked) }) {
		o.open = append(o.open, o.asked)
	}
	o.count++
	number := len(o.agenda.run.Script) + o.count
	o.agenda.sim.Ask(o.client, o.contacts(), number, protocols.Reconfigure{Members: o.asked})
}

// contacts returns all nodes: the leader first, then the others in turn.
func (o *operator) contacts() []protocols.NodeID {
	n := len(o.agenda.run.Cluster.Nodes)
	first := int(o.agenda.leaders.current())
	if first == 0 {
		first = o.count%n + 1
	}
	nodes := make([]protocols.NodeID, n)
	for i := range n {
		nodes[i] = protocols.NodeID((first-1+i)%n + 1)
	}
	return nodes
}

// Observe implements sim.Observer.
func (o *operator) Observe(_ *sim.World, step *sim.Step) {
	c := &step.Client
	if c.Client != o.client || !c.Returned {
		return
	}
	same := slices.Equal(o.wanted, o.asked)
	switch o.failed = c.Outcome != sim.OK; {
	case !o.failed:
		o.tally.tell(step.Time, Shows, "the operator is answered: the members are %s", o.names(o.asked))
		o.open = nil // what this session asked before comes too late
		if same {
			o.wanted = nil
		}
	case same && !o.told:
		o.tally.tell(step.Time, Shows, "the operator gets no answer (%s), and asks again", c.Reason)
		o.told = true
	case !same: // there is something newer: at once
		o.failed = false
	}
	o.asked = nil
	o.news = o.wanted != nil
}
