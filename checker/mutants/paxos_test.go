package mutants_test

import (
	"strings"
	"testing"
	"time"

	"quorumlab/checker/mutants"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/paxos"
)

// paxosNode returns a node of three that a mutant wraps, booted, with all that
// it wanted written done.
func paxosNode(t *testing.T, name string) (wrapper protocols.Node, n *paxos.Node) {
	t.Helper()
	parameters := map[string]string{}
	for _, p := range paxos.Protocol().Parameters {
		parameters[p.Name] = p.Default
	}
	parameters["blank"] = "first"
	inner, err := paxos.Protocol().New(protocols.Config{
		Self: 1, Nodes: []protocols.NodeID{1, 2, 3}, Machine: machine.NewKV(), Tick: time.Second, Parameters: parameters,
	})
	if err != nil {
		t.Fatal(err)
	}
	wrapper = wrap(t, name, inner)
	n = inner.(*paxos.Node)
	hears(wrapper, protocols.Recovered{}, protocols.Persisted{Mark: 1})
	return wrapper, n
}

func hears(node protocols.Node, events ...protocols.Event) (out protocols.Effects) {
	for _, event := range events {
		node.Step(0, event, &out)
	}
	return out
}

func from(id protocols.NodeID, message protocols.Message) protocols.Event {
	return protocols.Received{From: id, Message: message}
}

// metaWritten returns the metadata that effects put on the disk.
func metaWritten(out protocols.Effects) (meta paxos.Meta, written bool) {
	for _, effect := range out {
		if persist, ok := effect.(protocols.Persist); ok {
			for _, write := range persist.Writes {
				if set, ok := write.(protocols.SetMeta); ok {
					meta, written = set.Meta.(paxos.Meta), true
				}
			}
		}
	}
	return meta, written
}

// What acceptors err in, step by step: ballot 7 of node 2 is promised, and then
// accepted in.
func TestPaxosAcceptorsErr(t *testing.T) {
	const ballot = paxos.Ballot(7<<16 | 2)
	node, n := paxosNode(t, "paxos-promise-not-persisted")
	out := hears(node, from(2, paxos.Prepare{Ballot: ballot, From: 1}))
	if meta, written := metaWritten(out); !written || meta.Promised != 0 || n.Promised != ballot {
		t.Errorf("on disk is %+v, promised is %v", meta, n.Promised)
	}
	node, n = paxosNode(t, "paxos-accept-keeps-promise")
	hears(node, from(2, paxos.Prepare{Ballot: ballot, From: 1}), protocols.Persisted{Mark: 2})
	out = hears(node, from(3, paxos.Accept{Ballot: ballot + 1, First: 1, Values: []protocols.Record{paxos.Noop{}}}))
	if meta, _ := metaWritten(out); meta.Promised != ballot || n.Promised != ballot {
		t.Errorf("an Accept has changed the promise to %v, on disk %v", n.Promised, meta.Promised)
	}
	node, n = paxosNode(t, "paxos-executes-past-hole")
	value := []protocols.Record{paxos.Command{Client: 1, Request: 1, Command: machine.Command{Op: machine.Put, Key: "x"}}}
	hears(node, from(2, paxos.Accept{Ballot: ballot, First: 2, Values: value}), from(2, paxos.Commit{Ballot: ballot, Chosen: 2}))
	if n.Chosen != 2 {
		t.Errorf("it has executed up to slot %d, which is no hole", n.Chosen)
	}
	node, _ = paxosNode(t, "paxos-promise-omits-executed")
	hears(node, from(2, paxos.Accept{Ballot: ballot, First: 1, Values: value}), from(2, paxos.Commit{Ballot: ballot, Chosen: 1}))
	out = hears(node, protocols.Persisted{Mark: 2}, from(3, paxos.Prepare{Ballot: ballot + 1, From: 1}), protocols.Persisted{Mark: 3})
	for _, effect := range out {
		if send, ok := effect.(protocols.Send); ok {
			if p, is := send.Message.(paxos.Promise); is && p.Chosen == 0 && len(p.Accepted) == 0 {
				return
			}
		}
	}
	t.Errorf("no promise that tells of nothing in %v", out)
}

// Every mutant of Paxos has its name, and none does nothing.
func TestPaxosMutantsAreNamed(t *testing.T) {
	count := 0
	for _, m := range mutants.All() {
		if m.Protocol == "paxos" {
			count++
			if !strings.HasPrefix(m.Name, "paxos-") || m.Seed == 0 || m.Seed > uint64(m.Seeds) {
				t.Errorf("%+v", m)
			}
			if slip, ok := m.Wrap(&Scripted{}).(*mutants.PaxosSlip); !ok || slip.Name != m.Name || !slip.Errs() {
				t.Errorf("%s wraps a node in %+v", m.Name, slip)
			}
		}
	}
	if count < 13 {
		t.Errorf("%d mutants of Paxos", count)
	}
}
