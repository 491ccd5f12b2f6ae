package mutants

import (
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/quorumstore"
)

// store returns the node of a quorum store inside a wrapper, nil if it is another.
func store(inner protocols.Node) *quorumstore.Node {
	node, _ := inner.(*quorumstore.Node)
	return node
}

// keeps asks the node inside a wrapper which keys it keeps.
func keeps(inner protocols.Node, key string) bool {
	partial, ok := inner.(protocols.Partial)
	return !ok || partial.Keeps(key)
}

// NoWriteBack is a quorum store that answers a read when R replicas have answered,
// though a write-back is asked for.
type NoWriteBack struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *NoWriteBack) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	if node := store(m.Inner); node != nil {
		node.Settings.WriteBack = false
	}
	m.Inner.Step(now, event, out)
}

// Replicated implements protocols.Replica.
func (m *NoWriteBack) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// Keeps implements protocols.Partial.
func (m *NoWriteBack) Keeps(key string) bool { return keeps(m.Inner, key) }

// WallClock is a quorum store that stamps versions by its clock, though a counter
// is asked for.
type WallClock struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *WallClock) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	if node := store(m.Inner); node != nil && node.Settings.Conflicts == "logical" {
		node.Settings.Conflicts = "lww"
	}
	m.Inner.Step(now, event, out)
}

// Replicated implements protocols.Replica.
func (m *WallClock) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// Keeps implements protocols.Partial.
func (m *WallClock) Keeps(key string) bool { return keeps(m.Inner, key) }

// CountedHint is a coordinator that takes a hint for the copy of an owner, in a
// store whose quorums are strict.
type CountedHint struct{ Inner protocols.Node }

// Step implements protocols.Node.
func (m *CountedHint) Step(now time.Duration, event protocols.Event, out *protocols.Effects) {
	if received, ok := event.(protocols.Received); ok {
		if stored, ok := received.Message.(quorumstore.Stored); ok {
			stored.For = 0
			received.Message = stored
			event = received
		}
	}
	m.Inner.Step(now, event, out)
}

// Replicated implements protocols.Replica.
func (m *CountedHint) Replicated() protocols.StateMachine { return replicated(m.Inner) }

// Keeps implements protocols.Partial.
func (m *CountedHint) Keeps(key string) bool { return keeps(m.Inner, key) }

// quorumstoreMutants are errors of the quorum store.
func quorumstoreMutants() []Mutant {
	return []Mutant{
		{
			Name:     "quorumstore-no-write-back",
			Error:    "a read is answered before W replicas have what it answers",
			Source:   "Dynamo-style stores with R+W > N, taken for linearizable; Attiya, Bar-Noy, Dolev (1995) say why they are not",
			Property: "linearizable",
			Protocol: "quorumstore",
			Scenario: "quorum-rw",
			Seeds:    100,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &NoWriteBack{Inner: inner} },
		},
		{
			Name:     "quorumstore-wall-clock",
			Error:    "versions are stamped by the coordinator's clock in the place of a counter",
			Source:   "Cassandra's timestamps; Kingsbury: The trouble with timestamps, 2013",
			Property: "linearizable",
			Protocol: "quorumstore",
			Scenario: "lww-clock-skew",
			Seeds:    100,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &WallClock{Inner: inner} },
		},
		{
			Name:     "quorumstore-hint-counts",
			Error:    "a hint on a stand-in counts for W though the quorum is strict",
			Source:   "Cassandra's consistency level ANY, where QUORUM is meant; DeCandia et al.: Dynamo, 2007, section 4.6",
			Property: "linearizable",
			Protocol: "quorumstore",
			Scenario: "quorum-sloppy",
			Seeds:    100,
			Seed:     1,
			Wrap:     func(inner protocols.Node) protocols.Node { return &CountedHint{Inner: inner} },
		},
	}
}

func quorumstoreTypes() []any {
	return []any{(*NoWriteBack)(nil), (*WallClock)(nil), (*CountedHint)(nil)}
}
