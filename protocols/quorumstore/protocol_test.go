package quorumstore

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

// newNodeOf makes a node with the defaults, but for some parameters.
func configOf(self protocols.NodeID, nodes int, given map[string]string) protocols.Config {
	config := protocols.Config{
		Self: self, Machine: machine.NewKV(), Tick: 100 * time.Millisecond, Parameters: map[string]string{},
	}
	for i := range nodes {
		config.Nodes = append(config.Nodes, protocols.NodeID(i+1))
	}
	for _, p := range parameters() {
		config.Parameters[p.Name] = p.Default
	}
	maps.Copy(config.Parameters, given)
	return config
}

func TestWrongParametersAreNamed(t *testing.T) {
	for _, test := range []struct {
		given map[string]string
		want  string
	}{
		{map[string]string{"n": "4"}, `parameter n is "4", must be at most 3: a key has no more owners than there are nodes`},
		{map[string]string{"n": "0"}, `parameter n is "0", must be a whole number from 1`},
		{map[string]string{"r": "0"}, `parameter r is "0", must be a whole number from 1`},
		{map[string]string{"w": "many"}, `parameter w is "many", must be a whole number from 1`},
		{map[string]string{"r": "4"}, `parameter r is "4", must be at most n, which is 3`},
		{map[string]string{"w": "4"}, `parameter w is "4", must be at most n, which is 3`},
		{map[string]string{"n": "1"}, `parameter r is "2", must be at most n, which is 1`},
		{map[string]string{"timeout": "1"}, `parameter timeout is "1", must be more than handoff_after, which is 1`},
		{map[string]string{"sloppy": "yes"}, `parameter sloppy is "yes", must be one of [on off]`},
		{map[string]string{"conflicts": "last"}, `parameter conflicts is "last", must be one of [logical lww siblings]`},
		{map[string]string{"sync_every": "-1"}, `parameter sync_every is "-1", must be a whole number from 0`},
	} {
		if _, err := Protocol().New(configOf(1, 3, test.given)); err == nil || err.Error() != test.want {
			t.Errorf("%v: %v, want %s", test.given, err, test.want)
		}
	}
	for name, spoil := range map[string]func(*protocols.Config){
		"not among the nodes":            func(c *protocols.Config) { c.Self = 9 },
		"tick is 0s, must be more":       func(c *protocols.Config) { c.Tick = 0 },
		"must be a machine.KV, not a <n": func(c *protocols.Config) { c.Machine = nil },
	} {
		config := configOf(1, 3, nil)
		spoil(&config)
		if _, err := Protocol().New(config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}

// Members are those who keep keys; the others coordinate only.
func TestMembersKeepKeys(t *testing.T) {
	config := configOf(1, 4, nil)
	config.Members = []protocols.NodeID{2, 3, 4}
	made, err := Protocol().New(config)
	if err != nil {
		t.Fatal(err)
	}
	node := made.(*Node)
	if node.Keeps("x") || !slices.Equal(slices.Sorted(slices.Values(node.Settings.owners("x"))), config.Members) {
		t.Errorf("the owners of x are %v", node.Settings.owners("x"))
	}
}

// What needs consensus is refused, with a reason, and changes nothing.
func TestWhatNeedsConsensusIsRefused(t *testing.T) {
	made, err := Protocol().New(configOf(1, 3, nil))
	if err != nil {
		t.Fatal(err)
	}
	for i, command := range []protocols.Command{
		machine.Command{Op: machine.CAS, Key: "x", Absent: true, Value: "1"},
		machine.Command{Op: machine.Add, Key: "x", Value: "1"},
		machine.Transfer("x", "y", 1),
		protocols.Reconfigure{Members: []protocols.NodeID{1}},
	} {
		var out protocols.Effects
		made.Step(0, protocols.Requested{Client: 1, Request: uint64(i + 1), Command: command}, &out)
		want := protocols.Effects{protocols.Reply{Client: 1, Request: uint64(i + 1), Refusal: protocols.Unsupported}}
		if !slices.Equal(out, want) {
			t.Errorf("%+v: %+v", command, out)
		}
	}
}

func TestTypesArePlainData(t *testing.T) { statetest.Check(t, Protocol().Types...) }
