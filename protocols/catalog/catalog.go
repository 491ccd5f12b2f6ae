package catalog

import (
	"fmt"
	"maps"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/hint"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/paxos"
	"quorumlab/protocols/paxoscommit"
	"quorumlab/protocols/primarybackup"
	"quorumlab/protocols/quorumstore"
	"quorumlab/protocols/threepc"
	"quorumlab/protocols/twopc"
	"quorumlab/protocols/zab"
)

// All returns all protocols, in the order of their names.
func All() []protocols.Protocol {
	return []protocols.Protocol{
		paxos.Protocol(),
		paxoscommit.Protocol(),
		primarybackup.Protocol(),
		quorumstore.Protocol(),
		threepc.Protocol(),
		twopc.Protocol(),
		zab.Protocol(),
	}
}

// Lookup returns the protocol of a name. The error proposes the nearest name.
func Lookup(name string) (protocols.Protocol, error) {
	var names []string
	for _, protocol := range All() {
		if protocol.Name == name {
			return protocol, nil
		}
		names = append(names, protocol.Name)
	}
	return protocols.Protocol{}, fmt.Errorf("no protocol %q; %s", name, hint.For(name, names))
}

// Parameters returns a value for every parameter of a protocol: the one given,
// or the default. The error names the first parameter, in the order of names,
// that the protocol does not have or whose value is not among its choices, and
// proposes the nearest. Values that are not chosen from a list (numbers) are
// judged by the protocol's New.
func Parameters(protocol protocols.Protocol, given map[string]string) (map[string]string, error) {
	filled := map[string]string{}
	choices := map[string][]string{}
	var names []string
	for _, parameter := range protocol.Parameters {
		filled[parameter.Name] = parameter.Default
		choices[parameter.Name] = parameter.Choices
		names = append(names, parameter.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, known := filled[name]; !known {
			return nil, fmt.Errorf("%s has no parameter %q; %s", protocol.Name, name, hint.For(name, names))
		}
		value, allowed := given[name], choices[name]
		if allowed != nil && !slices.Contains(allowed, value) {
			return nil, fmt.Errorf("parameter %s of %s cannot be %q; %s", name, protocol.Name, value, hint.For(value, allowed))
		}
		filled[name] = value
	}
	return filled, nil
}

// Types returns a zero value of every type that any protocol, or the state
// machine that the lab replicates, puts where the contract says Node, Message,
// Record, Command, Result or Note.Value. They are for state.NewCodec; a type
// may be among them twice.
func Types() []any {
	types := machine.Types()
	for _, protocol := range All() {
		types = append(types, protocol.Types...)
	}
	return types
}
