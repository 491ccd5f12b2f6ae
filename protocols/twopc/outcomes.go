package twopc

import (
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// A client that heard nothing asks again. If it asks the same coordinator, that must
// tell it what it told before, also after a restart: the participants have the answers
// to their parts only as long as the client asks for nothing else, and who has only
// read has none at all. So the record Decision has the client's answer, and the last
// one of each client is remembered: of as many clients as there may be sessions, those
// that were answered last.

// Said is a state machine that answers what it is told: with it machine.Sessions, which
// remembers answers, remembers these.
type Said struct{}

// Apply implements protocols.StateMachine.
func (*Said) Apply(command protocols.Command) protocols.Result { return command }

// Query implements protocols.StateMachine.
func (*Said) Query(protocols.Command) (protocols.Result, bool) { return nil, false }

// Snapshot implements protocols.StateMachine: it has no state.
func (*Said) Snapshot() protocols.Record { return nil }

// Restore implements protocols.StateMachine.
func (*Said) Restore(protocols.Record) {}

func newOutcomes() machine.Sessions { return *machine.New(&Said{}) }

// remember keeps what was answered to a client's request that was committed.
func (n *Node) remember(client protocols.ClientID, request uint64, result protocols.Result) {
	if result != nil {
		n.Outcomes.Apply(client, request, result)
	}
}

// repeat answers a request that was committed before, if that is remembered.
func (n *Node) repeat(r protocols.Requested, out *protocols.Effects) bool {
	result, answered, _ := n.Outcomes.Answered(r.Client, r.Request)
	if answered {
		out.Reply(r.Client, r.Request, result)
	}
	return answered
}
