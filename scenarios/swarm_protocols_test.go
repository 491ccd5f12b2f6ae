package scenarios

import (
	"testing"

	"quorumlab/protocols/catalog"
	"quorumlab/scenarios/language"
)

// TestSwarmsStrikeEveryProtocol: the swarms of the library, those of each protocol
// together, draw every shape of partition, crashes before and after a force, torn
// writes, clocks that are wrong, what disks do, and changes of the members where the
// protocol has them. (Disks that are lost are not drawn: they are scripted.)
func TestSwarmsStrikeEveryProtocol(t *testing.T) {
	lab, err := NewLab()
	if err != nil {
		t.Fatal(err)
	}
	drawn, nodes := map[string]map[string]bool{}, map[string]int{}
	for _, protocol := range catalog.All() {
		drawn[protocol.Name] = map[string]bool{}
	}
	entries, err := lab.Library()
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		scenario, err := lab.Shipped(entry.Name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range scenario.Runs {
			protocol := scenario.Runs[i].Protocol
			nodes[protocol] = max(nodes[protocol], len(scenario.Runs[i].Cluster.Nodes), scenario.Runs[i].Swarm.Nodes)
			for seed := range uint64(60) {
				for _, e := range Swarm(scenario.Runs[i], seed).Timeline {
					drawn[protocol][kindOfShape(e.Action)] = true
				}
			}
		}
	}
	for _, protocol := range catalog.All() {
		want := []string{
			"bridge", "groups", "cut one way", "cut both ways", "flap", "crash before fsync", "crash after fsync", "crash torn",
			"crash torn by a power loss", "pause", "slow", "clock back", "clock forward", "drift back", "drift forward",
			"disk slow", "disk full", "disk fsync fails", "disk rot", "bandwidth", "corrupt",
		}
		if protocol.Reconfigures {
			want = append(want, "membership")
		}
		if nodes[protocol.Name] > 3 { // of three each reaches the others: no ring
			want = append(want, "ring")
		}
		for _, kind := range want {
			if !drawn[protocol.Name][kind] {
				t.Errorf("%s: %s is never drawn", protocol.Name, kind)
			}
		}
	}
}

// kindOfShape is shape without the size of groups.
func kindOfShape(action language.Action) string {
	switch a := action.(type) {
	case language.Reconfigure:
		return "membership"
	case language.Partition:
		if a.Form == language.FormGroups && a.Every == 0 {
			return "groups"
		}
	}
	return shape(action)
}
