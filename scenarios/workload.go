package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
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
	if len(run.Random) == 0 {
		return run
	}
	script := slices.Clone(run.Script)
	for i, generator := range run.Random {
		for _, client := range generator.Clients {
			random := sim.Stream(seed, fmt.Sprintf("workload %d", i), uint64(client))
			script = append(script, generate(&generator, client, i, &random)...)
		}
	}
	run.Script, run.Random = byStart(script), nil
	return run
}

// byStart puts operations in order; of those that start at once the first comes
// first. It sorts places: to move whole operations about takes far longer.
func byStart(operations []language.Operation) []language.Operation {
	places := make([]int, len(operations))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int {
		return cmp.Or(cmp.Compare(operations[a].At, operations[b].At), cmp.Compare(a, b))
	})
	sorted := make([]language.Operation, len(operations))
	for i, place := range places {
		sorted[i] = operations[place]
	}
	return sorted
}

// transferMax is the largest amount that is drawn.
const transferMax = 9

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
	// Time goes on even if the gap is drawn as 0.
	for ; at < g.Until; at += time.Nanosecond + network.Between(random, g.Gap/2, g.Gap+g.Gap/2) {
		o := language.Operation{At: at, Client: client}
		o.Key = g.Keys[network.Below(random, uint64(len(g.Keys)))]
		o.Kind = kindAt(g.Mix, int(network.Below(random, uint64(weights))))
		switch o.Kind {
		case language.Write:
			o.Value = unique(client, number, len(operations))
		case language.CAS:
			o.Value, o.Expect = unique(client, number, len(operations)), written[o.Key]
			o.Absent = o.Expect == ""
		case language.Transfer:
			other := network.Below(random, uint64(len(g.Keys)-1)) // among the other keys
			if o.To = g.Keys[other]; slices.Index(g.Keys, o.Key) <= int(other) {
				o.To = g.Keys[other+1]
			}
			o.Amount = 1 + int64(network.Below(random, transferMax))
		}
		if o.Kind != language.Read && o.Kind != language.Transfer {
			written[o.Key] = o.Value
		}
		operations = append(operations, o)
	}
	return operations
}

// unique returns a value that is written once in a run.
func unique(client protocols.ClientID, generator, before int) string {
	value := append(strconv.AppendUint(nil, uint64(client), 10), '.')
	value = append(strconv.AppendInt(value, int64(generator), 10), '.')
	return string(strconv.AppendInt(value, int64(before)+1, 10))
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
