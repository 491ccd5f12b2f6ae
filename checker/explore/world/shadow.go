package world

import "quorumlab/protocols"

// Shadow follows a node step by step in a specification of its protocol. It is a
// pointer to exported plain data, and a part of the state; what it can be told from
// the node itself adds no state.
type Shadow interface {
	// Follow takes it along a step. It says in words how the step parts from the
	// specification, "" if it does not.
	Follow(event protocols.Event, effects protocols.Effects) (wrong string)
}

// shadow has the node's shadow, if it has one, follow a step. Once they have parted
// nothing more can be told.
func (m *Model) shadow(c *content, event protocols.Event, effects protocols.Effects, o *outcome) {
	if _, boots := event.(protocols.Recovered); boots && m.config.Shadow != nil {
		c.Shadow = m.config.Shadow(c.ID)
	}
	if c.Shadow == nil {
		return
	}
	wrong := c.Shadow.Follow(event, effects)
	if wrong == "" {
		return
	}
	c.Shadow = nil
	if o.broken != "" {
		o.broken += "; "
	}
	o.broken += "node " + m.name(c.ID) + " parts from the specification: " + wrong
	o.hits |= hitsRefines
}
