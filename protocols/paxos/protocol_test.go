package paxos_test

import (
	"strings"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/paxos"
	"quorumlab/scenarios/labtest"
)

// What cannot work is refused at the start, by the name of what is wrong.
func TestParametersThatCannotWork(t *testing.T) {
	five := []protocols.NodeID{1, 2, 3, 4, 5}
	for _, test := range []struct {
		name    string
		sets    map[string]string
		members []protocols.NodeID
		want    string
	}{
		{"quorums that may miss each other", map[string]string{"q1": "2", "q2": "3"}, nil, "q1 + q2 must be more than the number of members"},
		{"and of fewer members not", map[string]string{"q1": "2", "q2": "3"}, []protocols.NodeID{1, 2, 3, 4}, ""},
		{"a majority with a quorum that is too small", map[string]string{"q2": "2"}, nil, "q1 + q2 must be more"},
		{"flexible quorums", map[string]string{"q1": "4", "q2": "2"}, nil, ""},
		{"a quorum of too many", map[string]string{"q1": "6"}, nil, "a quorum is larger than the number of members"},
		{"no number", map[string]string{"q1": "most"}, nil, `q1 is "most", must be majority or a number`},
		{"members that are no nodes", nil, []protocols.NodeID{1, 7}, "the members are not nodes in growing order"},
		{"no members", nil, []protocols.NodeID{}, "nobody is left to vote"},
		{"a drift without a unit", map[string]string{"drift": "3"}, nil, `drift is "3", must be a share`},
		{"no window", map[string]string{"alpha": "0"}, nil, `alpha is "0", must be a number from 1`},
	} {
		t.Run(test.name, func(t *testing.T) {
			parameters := map[string]string{}
			for _, p := range paxos.Protocol().Parameters {
				parameters[p.Name] = p.Default
			}
			for name, value := range test.sets {
				parameters[name] = value
			}
			_, err := paxos.Protocol().New(protocols.Config{
				Self: 1, Nodes: five, Members: test.members, Machine: machine.NewKV(), Tick: time.Second, Parameters: parameters,
			})
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// Streams, which break instead of losing, serve as well as datagrams.
func TestOnStreams(t *testing.T) {
	report := labtest.Run(t, `
name: streams
title: on streams
protocol: paxos
cluster: {nodes: 3}
links: {kind: stream}
workload:
  random: {from: 2s, until: 18s, rate: 10/s, keys: 3, mix: {read: 40, write: 50, cas: 10}}
timeline:
  - {at: 5s, crash: leader, keep: random}
  - {at: 8s, restart: all}
  - {at: 11s, partition: {isolate: leader}, for: 4s}
until: 24s
liveness: {within: 6s}
expect:
  all:
    linearizable: holds
    happens:
      - {note: leading, count: ">= 3"}
      - {operation: write, during: after, outcome: ok, count: ">= 20"}
`)
	if len(report.Verdicts) < 12 {
		t.Errorf("%d verdicts", len(report.Verdicts))
	}
}
