package catalog

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/state/statetest"
)

func TestEveryProtocolIsDescribedAndStarts(t *testing.T) {
	last := ""
	for _, protocol := range All() {
		if protocol.Name <= last {
			t.Errorf("%q comes after %q", protocol.Name, last)
		}
		last = protocol.Name
		if protocol.Summary == "" || strings.Contains(protocol.Summary, "\n") {
			t.Errorf("%s: summary %q", protocol.Name, protocol.Summary)
		}
		if protocol.Links != protocols.Stream && protocol.Links != protocols.Datagram {
			t.Errorf("%s: links %q", protocol.Name, protocol.Links)
		}
		if len(protocol.Invariants) == 0 {
			t.Errorf("%s: no invariants", protocol.Name)
		}
		names := map[string]bool{}
		for _, p := range protocol.Parameters {
			if names[p.Name] || p.Help == "" || p.Choices != nil && !slices.Contains(p.Choices, p.Default) {
				t.Errorf("%s: parameter %+v", protocol.Name, p)
			}
			names[p.Name] = true
		}
		filled, err := Parameters(protocol, nil)
		if err != nil {
			t.Fatal(err)
		}
		node, err := protocol.New(protocols.Config{
			Self: 2, Nodes: []protocols.NodeID{1, 2, 3}, Machine: machine.NewKV(), Tick: time.Second, Parameters: filled,
		})
		if err != nil {
			t.Fatalf("%s with its defaults: %v", protocol.Name, err)
		}
		var effects protocols.Effects
		node.Step(0, protocols.Recovered{}, &effects)
		if len(effects) == 0 {
			t.Errorf("%s: nothing happens at boot", protocol.Name)
		}
	}
}

func TestLookup(t *testing.T) {
	var names []string
	for _, protocol := range All() {
		names = append(names, protocol.Name)
		if found, err := Lookup(protocol.Name); err != nil || found.Name != protocol.Name {
			t.Errorf("%s: %v, %v", protocol.Name, found.Name, err)
		}
	}
	all := strings.Join(names, ", ")
	for name, want := range map[string]string{
		"zap":            `no protocol "zap"; did you mean "zab"?`,
		"ZAB":            `no protocol "ZAB"; did you mean "zab"?`,
		"primary-backup": `no protocol "primary-backup"; did you mean "primarybackup"?`,
		"":               `no protocol ""; there are: ` + all,
		"raft":           `no protocol "raft"; there are: ` + all,
	} {
		if _, err := Lookup(name); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}

func TestParameters(t *testing.T) {
	protocol := protocols.Protocol{Name: "p", Parameters: []protocols.Parameter{
		{Name: "mode", Default: "fast", Choices: []string{"fast", "safe"}},
		{Name: "size", Default: "3"},
	}}
	given := map[string]string{"mode": "safe"}
	filled, err := Parameters(protocol, given)
	if want := map[string]string{"mode": "safe", "size": "3"}; err != nil || !maps.Equal(filled, want) {
		t.Errorf("%v, %v, want %v", filled, err, want)
	}
	if filled["size"] = "7"; len(given) != 1 {
		t.Error("the map given was changed")
	}
	for _, test := range []struct {
		given map[string]string
		want  string
	}{
		{map[string]string{"mdoe": "safe"}, `p has no parameter "mdoe"; did you mean "mode"?`},
		{map[string]string{"unlike": "1"}, `p has no parameter "unlike"; there are: mode, size`},
		{map[string]string{"mode": "save"}, `parameter mode of p cannot be "save"; did you mean "safe"?`},
		{map[string]string{"mode": ""}, `parameter mode of p cannot be ""; there are: fast, safe`},
		{map[string]string{"zzz": "", "mode": "x", "a": ""}, `p has no parameter "a"; there are: mode, size`},
	} {
		if filled, err := Parameters(protocol, test.given); err == nil || err.Error() != test.want || filled != nil {
			t.Errorf("%v: %v, %v, want %s", test.given, filled, err, test.want)
		}
	}
	if _, err := Parameters(protocols.Protocol{Name: "bare"}, given); err == nil ||
		err.Error() != `bare has no parameter "mode"; there are none` {
		t.Error(err)
	}
}

// Random states, messages and records of every protocol are cloned, encoded,
// decoded, compared and shown as package state promises.
func TestTypesOfAllProtocolsArePlainData(t *testing.T) { statetest.Check(t, Types()...) }
