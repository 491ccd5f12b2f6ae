package sim

import (
	"bytes"
	"fmt"

	"quorumlab/protocols"
)

// auditor has single steps done twice, the second time on a copy of the node,
// and compares effects and states: a node must be deterministic.
type auditor struct {
	count   uint64
	node    protocols.NodeID
	copy    protocols.Node
	failure error
}

// before copies the node that a choice will step, if its turn has come.
func (a *auditor) before(s *Simulator, c Choice) {
	a.copy = nil
	if s.config.AuditEvery == 0 {
		return
	}
	a.count++
	if a.count%s.config.AuditEvery != 0 {
		return
	}
	id := s.handler(c)
	if id == 0 || s.World.cell(id).Node == nil {
		return
	}
	a.node, a.copy = id, s.World.setup.Codec.Clone(s.World.cell(id).Node).(protocols.Node)
}

// after does the step again on the copy.
func (a *auditor) after(s *Simulator) {
	if a.copy == nil || s.step.Node != a.node {
		return
	}
	codec := s.World.setup.Codec
	var again protocols.Effects
	a.copy.Step(s.step.Clock, s.step.Event, &again)
	what := ""
	if !bytes.Equal(codec.Canonical(s.step.Effects), codec.Canonical(again)) {
		what = fmt.Sprintf("effects %s and %s", codec.AppendJSON(nil, s.step.Effects), codec.AppendJSON(nil, again))
	} else if node := s.World.cell(a.node).Node; node != nil {
		if !bytes.Equal(codec.Canonical(node), codec.Canonical(a.copy)) {
			what = "equal effects, but different states"
		}
	}
	if what != "" {
		a.failure = &Failure{Step: s.step.Number, Time: s.step.Time, Node: s.World.setup.Name(a.node), What: what}
	}
	a.copy = nil
}
