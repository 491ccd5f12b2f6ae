package refine

import (
	"fmt"
	"strings"

	"quorumlab/protocols"
	"quorumlab/protocols/zab"
)

var stageNames = [...]string{
	Connected: "CEPOCH sent", Accepting: "NEWEPOCH came", Accepted: "ACKEPOCH sent", Loading: "a snapshot comes in",
	Receiving: "NEWLEADER comes in", Recording: "NEWLEADER came", Adopted: "ACKLD sent", Broadcasting: "COMMITLD came",
}

// Describe tells the server in words.
func (s *Server) Describe(v View) string {
	var told []string
	add := func(format string, values ...any) { told = append(told, fmt.Sprintf(format, values...)) }
	add("%v", s.State)
	add("acceptedEpoch %d, currentEpoch %d (on disk)", s.Stable.Accepted, s.Stable.Current)
	onDisk, sure := s.stable()
	add("history up to %v%s", s.last(), tellStable(onDisk, sure))
	add("lastCommitted %v", s.Committed)
	switch s.State {
	case Following:
		add("connected to %s, %s", v.name(s.Session.Leader), stageNames[s.Session.Stage])
	case Leading:
		add("epoch %d, committed %v in it", s.Reign.Epoch, s.Reign.Committed)
		add("cepochRecv %s, ackeRecv %s, ackldRecv %s", s.members(v, func(p *Peer) bool { return p.Informed }),
			s.members(v, func(p *Peer) bool { return p.Promised }), s.members(v, func(p *Peer) bool { return p.Synced }))
	}
	return strings.Join(told, "; ")
}

// members tells the servers of a set that a leader keeps.
func (s *Server) members(v View, in func(p *Peer) bool) string {
	var told []string
	for at := range s.Reign.Peers {
		if in(&s.Reign.Peers[at]) {
			told = append(told, v.name(s.Nodes[at]))
		}
	}
	return "{" + strings.Join(told, ", ") + "}"
}

// tellStable tells what of the history is on disk.
func tellStable(zxid zab.Zxid, sure bool) string {
	if !sure {
		return ", of which the disk may still hold another"
	}
	return fmt.Sprintf(", on disk up to %v", zxid)
}

func tellNext(next *Txn) string {
	if next == nil {
		return "nothing"
	}
	return next.Zxid.String()
}

// tellOp tells what the log may be changed by next.
func tellOp(op *Op) string {
	switch {
	case op == nil:
		return "the log is to stay as it is"
	case op.Kind == Appends:
		return fmt.Sprintf("the log is to go on with %v", op.Txn.Zxid)
	case op.Kind == Cuts:
		return fmt.Sprintf("the log is to be cut from record %d on first", op.From)
	case op.Kind == Installs:
		return fmt.Sprintf("the snapshot after %v is to take the place of the log first", op.Zxid)
	}
	return "the log is to be emptied first"
}

// tellAcks tells who has a transaction on disk.
func (x *step) tellAcks(z zab.Zxid) string {
	var told []string
	for at, id := range x.Nodes {
		if x.ackedBy(at) >= z {
			told = append(told, x.name(id))
		}
	}
	if len(told) == 0 {
		return "nobody has"
	}
	return "only " + strings.Join(told, " and ")
}

// TellEvent names an event.
func (v View) TellEvent(event protocols.Event) string {
	switch e := event.(type) {
	case protocols.Received:
		name := fmt.Sprintf("%T", e.Message)
		return fmt.Sprintf("%s of %s", name[strings.LastIndexByte(name, '.')+1:], v.name(e.From))
	case protocols.Persisted:
		return "the end of a write to its disk"
	case protocols.TimerFired:
		return "the timer " + e.Timer.Name
	case protocols.Requested:
		return fmt.Sprintf("request %d of client %d", e.Request, e.Client)
	case protocols.Disconnected:
		return "the break of its stream with " + v.name(e.Peer)
	case protocols.Recovered:
		return "its boot"
	}
	return "nothing"
}
