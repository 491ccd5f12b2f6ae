package scenarios_test

import (
	"strings"
	"testing"

	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/scenarios"
)

// TestWrongParametersHaveAPlace: what a protocol finds wrong with its parameters
// is told before the run, at their place, and with what they are for.
func TestWrongParametersHaveAPlace(t *testing.T) {
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	const head = "name: bad\nprotocol: "
	for _, c := range []struct {
		text string
		set  string
		want []string
	}{
		{head + "twopc\nparameters:\n  retry: 0\n", "", []string{"bad.yaml:4:10: ", `retry as "0", expected a whole number from 1`, "hint: retry: ticks until", `default "2"`}},
		{head + "twopc\n", "parameters.retry=0", []string{"--set parameters.retry=0:1:18: ", `retry as "0"`, "hint: retry: ticks"}},
		{head + "twopc\nparameters: {ranges: h}\n", "", []string{"bad.yaml:3:22: ", `ranges as "h", expected "hash", or 2 first keys for 3 nodes`}},
		{head + "twopc\nparameters: {rety: 1}\n", "", []string{"bad.yaml:3:14: ", `did you mean "retry"?`}},
		{head + "threepc\nparameters: {commit_quorum: 2}\n", "", []string{"bad.yaml:3:29: ", "expected 0: only termination=quorum"}},
		{head + "paxoscommit\nparameters: {faults: 5}\n", "", []string{"bad.yaml:3:22: ", "at most 1"}},
		{head + "quorumstore\nparameters: {r: 1, w: 9}\n", "", []string{"bad.yaml:3:23: ", "at most n, which is 3"}},
		// The value that does not fit is a default: the one given is the reason.
		{head + "quorumstore\nparameters: {n: 1}\n", "", []string{"bad.yaml:3:17: ", `r as "2", expected at most n, which is 1`}},
		{head + "primarybackup\nparameters: {replication: none}\n", "", []string{"bad.yaml:3:27: ", `expected "local"`}},
		// Nor is one given: what is wrong is the number of nodes.
		{head + "quorumstore\ncluster:\n  nodes: 2\n", "", []string{"bad.yaml:4:10: ", `n as "3", expected at most 2`}},
		{head + "paxos\nparameters: {q1: 1}\n", "", []string{"bad.yaml:3:18: ", "q1 + q2 must be more"}},
		{head + "paxos\nparameters: {q2: 1}\n", "", []string{"bad.yaml:3:18: ", `q2 as "1"`}},
		{head + "paxos\nparameters: {alpha: none}\n", "", []string{"bad.yaml:3:21: ", `alpha as "none", expected a number from 1`}},
		{head + "zab\nparameters: {finalizeWait: soon}\n", "", []string{"bad.yaml:3:28: ", "expected tick or a duration"}},
		{head + "zab\nruns:\n  good: {}\n  worse:\n    parameters: {syncLimit: -1}\n", "", []string{"bad.yaml:6:29: ", "from 1 to 65535"}},
		{head + "zab\nlinks: {kind: datagram}\n", "", []string{"bad.yaml:3:15: ", "expected stream", "hint: zab assumes streams"}},
		{head + "primarybackup\n", "links.kind=datagram", []string{"--set links.kind=datagram:1:12: ", "primarybackup assumes streams"}},
	} {
		var sets []string
		if c.set != "" {
			sets = []string{c.set}
		}
		_, err := lab.Parse("bad.yaml", strings.NewReader(c.text), sets...)
		if err == nil {
			t.Errorf("nothing is wrong with %q %s", c.text, c.set)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q %s: %v\nwithout %q", c.text, c.set, err, want)
			}
		}
	}
}

// TestStreamsServeAll: a protocol for datagrams may have streams, and all may
// have what they demand.
func TestStreamsServeAll(t *testing.T) {
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	for _, protocol := range catalog.All() {
		for _, kind := range []protocols.LinkKind{protocol.Links, protocols.Stream} {
			text := "name: good\nprotocol: " + protocol.Name + "\nlinks: {kind: " + string(kind) + "}\n"
			if _, err := lab.Parse("good.yaml", strings.NewReader(text)); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestWorldsOfStreams: nor does an exploration give datagrams to a protocol that
// assumes streams; and what is wrong names the protocol once.
func TestWorldsOfStreams(t *testing.T) {
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	worlds, err := lab.Worlds("")
	if err != nil {
		t.Fatal(err)
	}
	wrong := map[string]map[string]string{
		"zab":           {"links": "datagram"},
		"primarybackup": {"links": "datagram"},
		"twopc":         {"retry": "0"},
		"paxos":         {"q1": "1"},
	}
	for i := range worlds {
		set, asked := wrong[worlds[i].Name]
		if !asked {
			continue
		}
		delete(wrong, worlds[i].Name)
		_, _, err := worlds[i].Make(set)
		if err == nil || strings.Count(err.Error(), worlds[i].Name+": ") != 1 {
			t.Errorf("%s with %v: %v", worlds[i].Name, set, err)
		}
	}
	if len(wrong) > 0 {
		t.Errorf("no worlds of %v", wrong)
	}
}
