package scenarios

import (
	"fmt"
	"maps"
	"slices"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/machine"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// auditEvery has one step in so many done twice, to find a node that is not
// deterministic.
const auditEvery = 4999

// setup makes what a run's worlds share.
func (l *Lab) setup(run *language.Run, wrap func(protocols.Node) protocols.Node) (*sim.Setup, error) {
	at := slices.IndexFunc(l.vocabulary.Protocols, func(p protocols.Protocol) bool { return p.Name == run.Protocol })
	if at < 0 {
		return nil, fmt.Errorf("scenarios: there is no protocol %q", run.Protocol)
	}
	protocol := l.vocabulary.Protocols[at]
	parameters, err := catalog.Parameters(protocol, run.Parameters)
	if err != nil {
		return nil, err
	}
	s := &sim.Setup{
		Protocol: protocol, Tick: run.Cluster.Tick, Parameters: parameters, Members: run.Cluster.Members,
		Wrap: wrap, Links: run.Links.Kind, Codec: l.codec, Clients: clients(run),
		Machine: func() protocols.StateMachine {
			kv := machine.NewKV()
			maps.Copy(kv.Values, run.Initial)
			return kv
		},
	}
	for _, node := range run.Cluster.Nodes {
		s.Names = append(s.Names, node.Name)
	}
	return s, nil
}

// clients makes the sessions with all that they will ask. The run must be
// concrete: its random operations drawn.
func clients(run *language.Run) []sim.Client {
	made := make([]sim.Client, 0, len(run.Clients))
	for _, c := range run.Clients {
		made = append(made, sim.Client{
			ID: c.ID, Name: c.Name, Side: c.Side, Place: c.Nodes[0], Contacts: c.Nodes, Timeout: c.Timeout,
		})
	}
	if reconfigures(run) {
		made = append(made, operatorClient(run, protocols.ClientID(len(made)+1)))
	}
	sizes := make([]int, len(made))
	for i := range run.Script {
		sizes[run.Script[i].Client-1]++
	}
	for i := range made {
		made[i].Script = slices.Grow(made[i].Script, sizes[i])
	}
	for i := range run.Script {
		operation := &run.Script[i]
		client := &made[operation.Client-1]
		client.Script = append(client.Script, sim.Operation{
			Number: i + 1, At: operation.At, Command: command(operation),
		})
	}
	return made
}

func command(o *language.Operation) protocols.Command {
	switch o.Kind {
	case language.Read:
		return machine.Command{Op: machine.Get, Key: o.Key}
	case language.Write:
		return machine.Command{Op: machine.Put, Key: o.Key, Value: o.Value}
	case language.CAS:
		return machine.Command{Op: machine.CAS, Key: o.Key, Value: o.Value, Expect: o.Expect, Absent: o.Absent}
	case language.Delete:
		return machine.Command{Op: machine.Delete, Key: o.Key}
	case language.Transfer:
		if o.Look != "" {
			return machine.Transfer(o.Key, o.To, o.Amount).Looking(o.Look)
		}
		return machine.Transfer(o.Key, o.To, o.Amount)
	case language.Transaction:
		return transaction(o.Lists)
	}
	panic(fmt.Sprintf("scenarios: no operation %q", o.Kind))
}

// config makes what the simulator draws from.
func config(run *language.Run, seed uint64) sim.Config {
	return sim.Config{
		Seed:       seed,
		Conditions: run.Links.Of,
		DiskLatency: func(node protocols.NodeID) network.Distribution {
			return run.Cluster.Nodes[node-1].DiskLatency
		},
		ClientDelay: run.Links.ClientDelay, ClientLoss: run.Links.ClientLoss,
		StreamTimeout: run.Links.StreamTimeout, DialTimeout: run.Links.DialTimeout, AuditEvery: auditEvery,
	}
}
