package refine

import (
	"fmt"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

// Deviation is a step that the specification does not allow.
type Deviation struct {
	Node protocols.NodeID
	// Did says what the node did, Action what that would have to be, Why why that
	// is not enabled.
	Did    string
	Action Action
	Why    string
	// Before is the server, in words, when it was to take the action: the step's
	// event has been taken up.
	Before string
}

// String tells all in a sentence or two.
func (d *Deviation) String() string {
	return fmt.Sprintf("%s: that would be %s, which is not enabled: %s. The server then: %s",
		d.Did, d.Action, d.Why, d.Before)
}

// Taken is an action of the specification that a step was: that of Server, with
// Peer or, if that is 0, with nobody. Zxid is the transaction that it is about, with
// all before it that were not yet, or 0.
type Taken struct {
	Action       Action
	Server, Peer protocols.NodeID
	Zxid         zab.Zxid
}

// View is what a step is seen by.
type View struct {
	// Names are those of the nodes, in their order; without, node 1 is n1.
	Names []string
	// Took, if not nil, is told of each action.
	Took func(Taken)
}

// name returns what a node is called.
func (v View) name(id protocols.NodeID) string {
	if i := int(id) - 1; i >= 0 && i < len(v.Names) {
		return v.Names[i]
	}
	return fmt.Sprintf("n%d", id)
}

// step is one step of a node.
type step struct {
	*Server
	View
	event     protocols.Event
	effects   protocols.Effects
	deviation *Deviation
	// due is what the follower must have delivered by the end of the step, unless
	// it leaves; dueBy is the action by which.
	due   zab.Zxid
	dueBy Action
	// left: the node gave up what it did.
	left bool
}

// Follow takes the server along a step of its node. It returns nil, or how the
// step parts from the specification; then nothing more can be told of the server.
func (s *Server) Follow(event protocols.Event, effects protocols.Effects, view View) *Deviation {
	if s.State == Halted {
		if _, boots := event.(protocols.Recovered); !boots {
			return nil
		}
	}
	x := &step{Server: s, View: view, event: event, effects: effects}
	x.intake()
	for i := range effects {
		if x.deviation != nil {
			break
		}
		switch e := effects[i].(type) {
		case protocols.Send:
			x.sent(&e)
		case protocols.Note:
			x.noted(&e)
		case protocols.Persist:
			x.persist(&e)
		}
	}
	x.finish()
	return x.deviation
}

// deviate takes down the first deviation.
func (x *step) deviate(action Action, did, why string, values ...any) {
	if x.deviation == nil {
		x.deviation = &Deviation{
			Node: x.Self, Did: did, Action: action, Why: fmt.Sprintf(why, values...), Before: x.Describe(x.View),
		}
	}
}

func (x *step) take(action Action, peer protocols.NodeID, zxid zab.Zxid) {
	if x.Took != nil {
		x.Took(Taken{action, x.Self, peer, zxid})
	}
}

// intake takes up the event: what is under way to the server, and what is on its
// disk.
func (x *step) intake() {
	switch e := x.event.(type) {
	case protocols.Received:
		x.received(e.From, e.Message)
	case protocols.Persisted:
		x.persisted(e.Mark)
	case protocols.Recovered:
		x.restart(&e.Disk)
	case protocols.Disconnected:
		x.disconnected(e.Peer)
	}
}

func (x *step) received(from protocols.NodeID, message protocols.Message) {
	at, known := x.position(from)
	if !known {
		return
	}
	switch m := message.(type) {
	case zab.Notification, zab.Ping, zab.Pong:
		return
	case zab.FollowerInfo:
		x.onInfo(at, m)
		return
	case zab.ObserverInfo:
		x.onInfo(at, zab.FollowerInfo(m))
		return
	case zab.Close:
		x.closed(at, m.Attempt)
		return
	}
	switch {
	case x.State == Leading:
		x.leaderReceived(at, message)
	case x.State == Following && x.Session.Leader == from:
		x.followerReceived(message)
	}
}

// noted takes up a milestone.
func (x *step) noted(note *protocols.Note) {
	switch note.Kind {
	case zab.Elected:
		x.leave()
	case protocols.Role:
		switch note.Text {
		case zab.Looking.String():
			x.leave()
		case zab.LeadingFollowers.String():
			x.lead()
		}
	case protocols.Leading:
		x.establish(zab.Epoch(note.Term))
	case protocols.Broadcast:
		x.request(note)
	case protocols.Delivered:
		x.deliver(note)
	case protocols.Restored:
		x.restored(zab.Zxid(note.Slot))
	case protocols.Configured:
		x.configured(note)
	case protocols.Halted:
		x.leave()
		x.State = Halted
	}
}

// leave ends whatever the server did. The specification has both ends of a
// connection learn of a time-out at once; here each does so by itself.
func (x *step) leave() {
	if x.State == Following || x.State == Leading {
		x.take(Timeout, x.Session.Leader, 0)
	}
	x.State, x.Session, x.Reign, x.left = Looking, Session{}, Reign{}, true
}

// finish looks at what the step has left undone that the specification does in
// the same step.
func (x *step) finish() {
	if x.deviation != nil || x.left || x.due <= x.Committed {
		return
	}
	x.deviate(x.dueBy, fmt.Sprintf("it goes on with transactions delivered up to %v", x.Committed),
		"that action sets lastCommitted to %v", x.due)
}

// disconnected takes note that what was under way from and to a peer is lost.
func (x *step) disconnected(peer protocols.NodeID) {
	at, known := x.position(peer)
	if !known {
		return
	}
	x.Infos[at] = Info{}
	if x.State == Leading {
		x.drop(at)
	}
}

// closed takes note that a connection is over.
func (x *step) closed(at int, attempt uint64) {
	if x.Infos[at].Attempt == attempt {
		x.Infos[at] = Info{}
	}
	if x.State == Leading && x.Reign.Peers[at].Attempt == attempt {
		x.drop(at)
	}
}

// deliver takes up that the node delivers a transaction.
func (x *step) deliver(note *protocols.Note) {
	z := zab.Zxid(note.Slot)
	did := fmt.Sprintf("it delivers %v", z)
	action := FollowerProcessCOMMIT
	if x.State == Leading {
		action = LeaderProcessACK
		if !x.commit(z, did) {
			return
		}
	}
	next := x.after(x.Committed)
	got, ok := txnOf(note.Value)
	switch {
	case next == nil || next.Zxid != z:
		x.deviate(action, did, "the history goes on with %s behind %v, which was delivered last", tellNext(next), x.Committed)
	case !ok || !got.same(next):
		x.deviate(action, did, "the history has another transaction there")
	case x.State != Leading && x.Session.Stage < Broadcasting:
		x.deviate(FollowerProcessCOMMITLD, did, "no COMMITLD has come")
	case x.State != Leading && z > x.due:
		x.deviate(action, did, "no COMMIT or COMMITLD that has come goes so far")
	}
	x.Committed = z
}

// restored takes up that a snapshot has taken the place of what was delivered.
func (x *step) restored(z zab.Zxid) {
	if _, boots := x.event.(protocols.Recovered); boots {
		if z != x.Saved {
			x.deviate(Restart, fmt.Sprintf("it begins with the state after %v", z), "the snapshot on its disk is that after %v", x.Saved)
		}
		return
	}
	if x.Session.Stage != Loading || z != x.Session.Snap {
		x.deviate(FollowerProcessNEWLEADER, fmt.Sprintf("it takes over the state after %v", z), "no such snapshot has come")
		return
	}
	x.install(z)
}

// configured takes up that the node goes by other members.
func (x *step) configured(note *protocols.Note) {
	version := zab.Zxid(note.Slot)
	members, _ := note.Value.([]protocols.NodeID)
	received, _ := x.event.(protocols.Received)
	_, heard := received.Message.(zab.Notification)
	_, loaded := received.Message.(zab.SnapPart)
	if _, boots := x.event.(protocols.Recovered); !boots && !heard && !loaded && version > x.Committed {
		x.deviate(LeaderProcessACK, fmt.Sprintf("it goes by the members of %v", version), "that is not committed")
		return
	}
	for i := range x.Later {
		if t := &x.Later[i]; t.Zxid == version && !(&Txn{Members: t.Members}).same(&Txn{Members: members}) {
			x.deviate(LeaderProcessRequest, fmt.Sprintf("it goes by the members %v of %v", members, version), "the history has %v", t.Members)
			return
		}
	}
	x.activate(version, members)
}
