package checker

import (
	"fmt"

	"quorumlab/protocols"
)

// forceOrder: a message that is true only if something is on its sender's disk
// is sent only when it is there. It does not take the node's word for it: the
// message is held against the disk itself. A record that was forced and has
// since become unreadable counts as forced.
type forceOrder struct{ rule }

// sent checks one message. What the step itself wants written is not yet on the
// disk then: an observer sees the disk as it was when the node spoke.
func (r *forceOrder) sent(s *Set, send *protocols.Send) {
	vow, ok := send.Message.(protocols.Vow)
	if !ok || !r.open() {
		return
	}
	if missing := vow.Kept(s.world.Nodes[s.step.Node-1].Disk.Durable); missing != "" {
		r.violate(s, fmt.Sprintf("%s sent %s %T%+v, but %s",
			s.name(s.step.Node), s.name(send.To), send.Message, send.Message, missing))
	}
}
