package twopc_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
	"quorumlab/protocols/twopc"
)

func config(change func(*protocols.Config)) protocols.Config {
	c := protocols.Config{
		Self: 1, Nodes: []protocols.NodeID{1, 2, 3}, Tick: time.Second, Machine: machine.NewKV(), Parameters: map[string]string{},
	}
	for _, p := range twopc.Protocol().Parameters {
		c.Parameters[p.Name] = p.Default
	}
	change(&c)
	return c
}

func TestBadConfigurations(t *testing.T) {
	set := func(name, value string) func(*protocols.Config) {
		return func(c *protocols.Config) { c.Parameters[name] = value }
	}
	for want, change := range map[string]func(*protocols.Config){
		"node 4 is not among": func(c *protocols.Config) { c.Self = 4 },
		"tick is 0s":          func(c *protocols.Config) { c.Tick = 0 },
		"a part of a *machine.KV, given is a <nil>":                      func(c *protocols.Config) { c.Machine = nil },
		"ranges is \"h\", must be \"hash\", or 2 first keys for 3 nodes": set("ranges", "h"),
		"presume is \"perhaps\"":                                         set("presume", "perhaps"),
		"inquiry is \"\"":                                                set("inquiry", ""),
		"heuristic is \"toss\"":                                          set("heuristic", "toss"),
		"retry is \"0\", must be a whole number from 1":                  set("retry", "0"),
		"snapshot_every is \"many\"":                                     set("snapshot_every", "many"),
	} {
		if _, err := twopc.Protocol().New(config(change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := twopc.Protocol().New(config(func(*protocols.Config) {})); err != nil {
		t.Error(err)
	}
}

// Each vow is borne out by the records that it speaks of, and by nothing less.
func TestVows(t *testing.T) {
	id := resource.NewID(3, 1)
	prepared := resource.Prepared{Branch: resource.Branch{Transaction: id, Prepared: true}}
	resolved := resource.Resolved{Transaction: id, Decision: resource.Commit}
	decision := twopc.Decision{Transaction: id, Decision: resource.Commit}
	finished := resource.Finished{Branch: resource.Branch{Transaction: id}}
	for _, c := range []struct {
		name  string
		vow   protocols.Vow
		needs protocols.Record
	}{
		{"a YES", twopc.Ballotted{Transaction: id, Vote: resource.Yes}, prepared},
		{"a decision", twopc.Decide{Transaction: id, Decision: resource.Commit, Logged: true}, decision},
		{"an acknowledgement", twopc.Ack{Transaction: id, Decision: resource.Commit}, resolved},
		{"an answer in one phase", twopc.Performed{Transaction: id, Logged: true}, finished},
	} {
		if c.vow.Kept(protocols.Disk{}) == "" {
			t.Errorf("%s is taken for true without a record", c.name)
		}
		for _, record := range []protocols.Record{prepared, resolved, decision, finished} {
			kept := c.vow.Kept(protocols.Disk{First: 1, Log: []protocols.Record{record}}) == ""
			suffices := sameKind(record, c.needs) ||
				c.name == "a YES" && !sameKind(record, decision) || // what is resolved was prepared
				c.name == "an acknowledgement" && sameKind(record, finished) ||
				c.name == "an answer in one phase" && sameKind(record, resolved)
			if kept != suffices {
				t.Errorf("%s, of %T: kept %v, want %v", c.name, record, kept, suffices)
			}
		}
	}
	for _, vow := range []protocols.Vow{
		twopc.Ballotted{Transaction: id, Vote: resource.No},
		twopc.Ballotted{Transaction: id, Vote: resource.ReadOnly},
		twopc.Decide{Transaction: id, Decision: resource.Abort},
		twopc.Performed{Transaction: id},
	} {
		if missing := vow.Kept(protocols.Disk{}); missing != "" {
			t.Errorf("%+v needs no record: %s", vow, missing)
		}
	}
}

func sameKind(a, b protocols.Record) bool { return reflect.TypeOf(a) == reflect.TypeOf(b) }
