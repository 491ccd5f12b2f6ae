package door

import (
	"sync"

	"quorumlab/network/tcp"
	"quorumlab/protocols"
)

// view is what the notes of the node say of its role.
type view struct {
	mu      sync.Mutex
	name    string
	leading bool
	epoch   uint64
}

// observe takes note of roles. Only steps with notes of that kind cost anything.
func (v *view) observe(step tcp.Step) {
	for _, effect := range step.Effects {
		note, ok := effect.(protocols.Note)
		if !ok {
			continue
		}
		switch note.Kind {
		case protocols.Role, protocols.Leading, protocols.Synchronized, protocols.Promised, protocols.Lapsed:
			v.take(note)
		}
	}
}

func (v *view) take(note protocols.Note) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.epoch = max(v.epoch, note.Term)
	switch note.Kind {
	case protocols.Role:
		v.name, v.leading = note.Text, false
	case protocols.Leading:
		v.leading = true
	}
}

// role returns what the protocol calls the node's role, whether it is the
// established leader, and the highest epoch that it knows.
func (v *view) role() (name string, leading bool, epoch uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.name, v.leading, v.epoch
}
