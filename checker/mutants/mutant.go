package mutants

import (
	"fmt"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/hint"
)

// Mutant is one known error.
type Mutant struct {
	Name string
	// Error says in a line what is wrong.
	Error string
	// Source is the system or the paper that it comes from.
	Source string
	// Property is what breaks: an invariant of package checker, or a
	// consistency model.
	Property string
	// Protocol is the one that it is an error of, "" for any.
	Protocol string
	// Scenario shows it, within Seeds seeds from 1. Seed is one that does, as
	// the scenario is now; 0 if none is recorded.
	Scenario string
	Seeds    int
	Seed     uint64
	// World is how exploration shows it.
	World World
	// Wrap makes a mutant of a node that has yet to be given Recovered.
	Wrap func(protocols.Node) protocols.Node
}

// All returns all mutants, protocol by protocol.
func All() []Mutant {
	all := slices.Concat(paxosMutants(), paxoscommitMutants(), quorumstoreMutants(), threepcMutants(), twopcMutants(), zabMutants(), anyMutants())
	for i := range all {
		all[i].World = worlds[all[i].Name]
	}
	return all
}

// Types returns a nil pointer of each type that stands for a node.
func Types() []any {
	return slices.Concat(paxosTypes(), paxoscommitTypes(), quorumstoreTypes(), threepcTypes(), twopcTypes(), zabTypes(), anyTypes())
}

// Lookup returns the mutant of a name. The error proposes another name.
func Lookup(name string) (Mutant, error) {
	var names []string
	for _, m := range All() {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Mutant{}, fmt.Errorf("no mutant %q; %s", name, hint.For(name, names))
}

// replicated returns what the node inside a wrapper replicates, nil if nothing.
func replicated(inner protocols.Node) protocols.StateMachine {
	if replica, ok := inner.(protocols.Replica); ok {
		return replica.Replicated()
	}
	return nil
}

// resourceOf returns what the node inside a wrapper owns, nil if nothing.
func resourceOf(inner protocols.Node) protocols.Resource {
	if participant, ok := inner.(protocols.Participant); ok {
		return participant.Resource()
	}
	return nil
}
