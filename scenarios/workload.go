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
	script := slices.Grow(slices.Clone(run.Script), expected(run.Random))
	for i := range run.Random {
		generator := &run.Random[i]
		name := fmt.Sprintf("workload %d", i)
		for _, client := range generator.Clients {
			random := sim.Stream(seed, name, uint64(client))
			script = generate(script, generator, client, i, &random)
		}
	}
	run.Script, run.Random = byStart(script), nil
	return run
}

// expected returns about how many operations will be drawn, rather too many, but
// not more than expectedMax: it saves moving them about as they become more.
func expected(random []language.Generator) int {
	operations := 0
	for i := range random {
		g := &random[i]
		each := int(min(max(g.Until-g.From, 0)/max(g.Gap, 1), expectedMax))
		operations += len(g.Clients) * (each + each/8 + 1)
	}
	return min(operations, expectedMax)
}

const expectedMax = 1 << 16

// byStart puts operations in order; of those that start at once the first comes
// first. It sorts places: to move whole operations about takes far longer.
func byStart(operations []language.Operation) []language.Operation {
	type start struct {
		at    time.Duration
		place int
	}
	starts := make([]start, len(operations))
	for i := range operations {
		starts[i] = start{operations[i].At, i}
	}
	slices.SortFunc(starts, func(a, b start) int {
		if a.at != b.at {
			return cmp.Compare(a.at, b.at)
		}
		return a.place - b.place
	})
	sorted := make([]language.Operation, len(operations))
	for i := range starts {
		sorted[i] = operations[starts[i].place]
	}
	return sorted
}

// transferMax is the largest amount that is drawn.
const transferMax = 9

// generate draws the operations of one client, and appends them to a script: an
// open loop with a uniform gap of mean Gap. A CAS expects what the client itself put there last.
func generate(script []language.Operation, g *language.Generator, client protocols.ClientID, number int, random network.Source) []language.Operation {
	before := len(script)
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
			o.Value = unique(client, number, len(script)-before)
		case language.CAS:
			o.Value, o.Expect = unique(client, number, len(script)-before), written[o.Key]
			o.Absent = o.Expect == ""
		case language.Transfer:
			other := network.Below(random, uint64(len(g.Keys)-1)) // among the other keys
			if o.To = g.Keys[other]; slices.Index(g.Keys, o.Key) <= int(other) {
				o.To = g.Keys[other+1]
			}
			o.Amount = 1 + int64(network.Below(random, transferMax))
			if g.Look > 0 && network.Below(random, uint64(network.Certain)) < uint64(g.Look) {
				o.Look = third(g.Keys, o.Key, o.To, random)
			}
		case language.Transaction:
			o.Lists = drawLists(g.Keys, o.Key, unique(client, number, len(script)-before), random)
			o.Key = ""
		}
		if o.Kind == language.Write || o.Kind == language.CAS || o.Kind == language.Delete {
			written[o.Key] = o.Value
		}
		script = append(script, o)
	}
	return script
}

// third draws one of the keys, but neither of two.
func third(keys []string, one, other string, random network.Source) string {
	rest := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == one || key == other })
	return rest[network.Below(random, uint64(len(rest)))]
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
