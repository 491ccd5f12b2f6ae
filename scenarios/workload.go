package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"quorumlab/network"
	"quorumlab/protocols"
	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// Concrete returns a run in which all random operations are drawn: Random is
// empty, and Script holds them beside the scripted ones, by their start. Each
// client draws from a stream of its own.
func Concrete(run language.Run, seed uint64) language.Run {
	script := slices.Clone(run.Script)
	for i, generator := range run.Random {
		for _, client := range generator.Clients {
			random := sim.Stream(seed, fmt.Sprintf("workload %d", i), uint64(client))
			script = append(script, generate(&generator, client, i, &random)...)
		}
	}
	slices.SortStableFunc(script, func(a, b language.Operation) int { return cmp.Compare(a.At, b.At) })
	run.Script, run.Random = script, nil
	return run
}

// generate draws the operations of one client: an open loop with a uniform gap
// of mean Gap. A CAS expects what the client itself put there last.
func generate(g *language.Generator, client protocols.ClientID, number int, random network.Source) []language.Operation {
	var operations []language.Operation
	written := map[string]string{}
	weights := 0
	for _, w := range g.Mix {
		weights += w.Weight
	}
	at := g.From + network.Between(random, 0, g.Gap)
	for ; at < g.Until; at += network.Between(random, g.Gap/2, g.Gap+g.Gap/2) {
		o := language.Operation{At: at, Client: client}
		o.Key = g.Keys[network.Below(random, uint64(len(g.Keys)))]
		value := fmt.Sprintf("%d.%d.%d", client, number, len(operations)+1)
		o.Kind = kindAt(g.Mix, int(network.Below(random, uint64(weights))))
		switch o.Kind {
		case language.Write:
			o.Value = value
		case language.CAS:
			o.Value, o.Expect = value, written[o.Key]
			o.Absent = o.Expect == ""
		}
		if o.Kind != language.Read {
			written[o.Key] = o.Value
		}
		operations = append(operations, o)
		at = max(at, at+time.Nanosecond)
	}
	return operations
}

// kindAt returns the kind in whose part of all weights a number falls.
func kindAt(mix []language.Weight, number int) language.OperationKind {
	for _, w := range mix {
		if number < w.Weight {
			return w.Kind
		}
		number -= w.Weight
	}
	panic("scenarios: a number beyond all weights")
}
