package reference

import "quorumlab/checker/explore"

// fairTwoPhase is TwoPhase with the question whether all come to a decision at
// last. The published specification asks nothing of the kind: it allows to stop
// anywhere. Here every action that stays possible is taken some time, for each
// resource manager by itself.
type fairTwoPhase struct {
	*TwoPhase
	fair bool
}

func newFairTwoPhase(p explore.Values) (explore.Model, error) {
	return &fairTwoPhase{&TwoPhase{managers: p.Number("rms")}, p["fairness"] == "weak"}, nil
}

// Expander implements explore.Model.
func (m *fairTwoPhase) Expander() explore.Expander { return m }

// Properties implements explore.Model.
func (m *fairTwoPhase) Properties() []explore.Property {
	return []explore.Property{
		m.TwoPhase.Properties()[0],
		{
			Name: "decided", Sentence: "All resource managers commit or abort at last.",
			Expectation: explore.Eventually,
		},
	}
}

// Hits implements explore.Expander.
func (m *fairTwoPhase) Hits(state []uint32) uint64 {
	hits := m.TwoPhase.Hits(state) & 1
	decided := uint32(1)<<(2*m.managers) - 1
	if decided &= lowBits << 1; state[0]&decided == decided {
		hits |= 2
	}
	return hits
}

// Fairness implements explore.Fair: each action of each resource manager.
func (m *fairTwoPhase) Fairness(label explore.Label) int {
	if !m.fair {
		return -1
	}
	switch kind := label.Kind(); kind {
	case tmCommit, tmAbort:
		return kind
	default:
		return tmRcvPrepared + (kind-tmRcvPrepared)*managersMax + int(label>>8)
	}
}
