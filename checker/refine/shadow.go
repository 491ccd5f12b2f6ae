package refine

import "quorumlab/protocols"

// Shadow is a Server for who explores: plain data that says in words where a step
// parts from the specification.
type Shadow struct{ Server Server }

// NewShadow returns the shadow of a node that boots.
func NewShadow(self protocols.NodeID, nodes, members []protocols.NodeID) *Shadow {
	return &Shadow{*New(self, nodes, members)}
}

// Follow takes the shadow along a step of its node.
func (s *Shadow) Follow(event protocols.Event, effects protocols.Effects) (wrong string) {
	if deviation := s.Server.Follow(event, effects, View{}); deviation != nil {
		return deviation.String()
	}
	return ""
}

// Types returns what a codec must know to keep shadows.
func Types() []any { return []any{(*Shadow)(nil)} }
