package sim

import "quorumlab/protocols"

// Types returns a zero value of every type that a codec must know, beside the
// protocol's and the machine's, to copy, encode and show worlds and steps.
func Types() []any {
	return []any{
		State{},
		Fault{},
		protocols.Disk{},
		protocols.Effects{},
		protocols.Recovered{},
		protocols.Received{},
		protocols.TimerFired{},
		protocols.Requested{},
		protocols.Persisted{},
		protocols.Disconnected{},
		protocols.Reconfigure{},
		[]protocols.NodeID(nil), // members, in a note
		protocols.Send{},
		protocols.SetTimer{},
		protocols.CancelTimer{},
		protocols.Persist{},
		protocols.Reply{},
		protocols.Note{},
		protocols.Append{},
		protocols.SetMeta{},
		protocols.CutTail{},
		protocols.CutHead{},
		protocols.SaveSnapshot{},
	}
}
