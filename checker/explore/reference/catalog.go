package reference

import (
	"fmt"
	"slices"
	"strconv"

	"quorumlab/checker/explore"
	"quorumlab/protocols/hint"
)

// Entry is a reference model by name.
type Entry struct {
	Name, Summary string
	Source        string
	Parameters    []Parameter
	make          func(parameters) (explore.Model, error)
}

// Parameter is one of its parameters: a number from Min to Max, or one of the
// Choices.
type Parameter struct {
	Name, Default, Help string
	Min, Max            int
	Choices             []string
}

// parameters holds checked values by name.
type parameters map[string]string

// number returns a value that is known to be a number.
func (p parameters) number(name string) int {
	n, err := strconv.Atoi(p[name])
	if err != nil {
		panic("reference: parameter " + name + " was not checked")
	}
	return n
}

func count(name string, standard, least, most int, help string) Parameter {
	return Parameter{Name: name, Default: strconv.Itoa(standard), Min: least, Max: most, Help: help}
}

// All lists the reference models.
func All() []Entry {
	return []Entry{
		{
			Name: "twophase", Summary: "Two-phase commit as an abstract specification",
			Source:     "TLA+ examples, transaction_commit/TwoPhase.tla",
			Parameters: []Parameter{count("rms", 3, 1, managersMax, "resource managers")},
			make:       newTwoPhase,
		},
		{
			Name: "tcommit", Summary: "What committing a transaction means",
			Source:     "TLA+ examples, transaction_commit/TCommit.tla",
			Parameters: []Parameter{count("rms", 3, 1, tcommitMax, "resource managers")},
			make:       newTCommit,
		},
		{
			Name: "paxos-spec", Summary: "Single-decree Paxos as an abstract specification",
			Source: "TLA+ examples, Paxos/Paxos.tla", make: newPaxosSpec,
			Parameters: []Parameter{
				count("acceptors", 3, 1, specAcceptorsMax, "acceptors"),
				count("values", 2, 1, specValuesMax, "values"),
				count("ballots", 2, 1, specBallotsMax, "ballots: 0…ballots-1"),
				quorumParameter("majorities"),
			},
		},
		{
			Name: "paxoscommit-spec", Summary: "Paxos Commit as an abstract specification",
			Source: "TLA+ examples, transaction_commit/PaxosCommit.tla", make: newPaxosCommit,
			Parameters: []Parameter{
				count("rms", 2, 1, pcManagersMax, "resource managers"),
				count("acceptors", 3, 1, pcAcceptorsMax, "acceptors"),
				count("ballots", 2, 1, specBallotsMax, "ballots: 0…ballots-1"),
				quorumParameter("minimal"),
			},
		},
		register("register-single", "A register of which each server keeps its own copy", "single-copy-register", 1, newSingle),
		register("register-abd", "A register kept by majorities (Attiya, Bar-Noy, Dolev)", "linearizable-register", 2, newABD),
		register("register-paxos", "A register decided by single-decree Paxos", "paxos", 3, newPaxos),
	}
}

// register is the entry of a system of servers and clients.
func register(name, summary, example string, servers int, make func(parameters) (explore.Model, error)) Entry {
	return Entry{
		Name: name, Summary: summary, Source: "Stateright, examples/" + example + ".rs", make: make,
		Parameters: []Parameter{
			count("clients", 2, 1, clientsMax, "clients, each of which writes and then reads"),
			count("servers", servers, 1, serversMax, "servers"),
			{
				Name: "network", Default: networkNames[nondup], Choices: networkNames,
				Help: "what is under way: a multiset, a set that never shrinks, or queues",
			},
		},
	}
}

// Lookup finds a model by name.
func Lookup(name string) (Entry, bool) {
	all := All()
	at := slices.IndexFunc(all, func(e Entry) bool { return e.Name == name })
	if at < 0 {
		return Entry{}, false
	}
	return all[at], true
}

// Make makes the model with the parameters that are set, and tells the values
// of all.
func (e Entry) Make(set map[string]string) (explore.Model, map[string]string, error) {
	values := parameters{}
	var names []string
	for _, p := range e.Parameters {
		values[p.Name] = p.Default
		names = append(names, p.Name)
	}
	for name, value := range set {
		at := slices.Index(names, name)
		if at < 0 {
			return nil, nil, fmt.Errorf("%s has no parameter %q; %s", e.Name, name, hint.For(name, names))
		}
		if err := e.Parameters[at].check(value); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", e.Name, err)
		}
		values[name] = value
	}
	model, err := e.make(values)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", e.Name, err)
	}
	return model, values, nil
}

func (p *Parameter) check(value string) error {
	if p.Choices != nil {
		if !slices.Contains(p.Choices, value) {
			return fmt.Errorf("%s=%s: %s", p.Name, value, hint.For(value, p.Choices))
		}
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < p.Min || n > p.Max {
		return fmt.Errorf("%s=%s: expected a whole number from %d to %d", p.Name, value, p.Min, p.Max)
	}
	return nil
}
