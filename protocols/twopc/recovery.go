package twopc

import (
	"maps"
	"slices"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
	"quorumlab/protocols/resource"
)

// Recovery must bring back every promise: each branch in doubt with its locks,
// and each decision that somebody may not have heard of. What a coordinator had
// not decided it aborts: by the presumption, without a word, or where commit is
// presumed by a decision of its own.

// Recover implements commitment.Protocol.
func (n *Node) Recover(found resource.Recovered, _ protocols.Disk, out *protocols.Effects) {
	n.Reserve(out)
	for _, branch := range n.Store.Undecided() {
		n.Doubts[branch.Transaction] = Doubt{}
		n.setTimer(timerDoubt, branch.Transaction, n.Settings.Retry, out)
		n.waitPatiently(branch.Transaction, out)
	}
	n.redrive(found, out)
}

// redrive takes up what the coordinator had on disk.
func (n *Node) redrive(found resource.Recovered, out *protocols.Effects) {
	collecting, decisions := map[resource.ID]Collecting{}, map[resource.ID]Decision{}
	table, ok := found.Protocol.(Table)
	if ok {
		for _, c := range table.Collecting {
			collecting[c.Transaction] = c
		}
		for _, d := range table.Decisions {
			decisions[d.Transaction] = d
		}
		n.Outcomes.Restore(machine.SessionsSnapshot{Open: table.Outcomes})
	}
	for _, record := range found.Records {
		switch r := record.(type) {
		case Collecting:
			collecting[r.Transaction] = r
		case Decision:
			decisions[r.Transaction] = r
			delete(collecting, r.Transaction)
			n.remember(r.Client, r.Request, r.Result)
		case End:
			delete(decisions, r.Transaction)
		}
	}
	n.recallHeuristics(found, table, out)
	for _, id := range slices.Sorted(maps.Keys(decisions)) {
		if d := decisions[id]; n.Settings.logs(d.Decision) {
			n.Open = append(n.Open, id)
			n.Transactions[id] = Transaction{Stage: StageTelling, Decision: d.Decision, Ballots: ballots(d.Tell)}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(collecting)) {
		n.Open = append(n.Open, id)
		n.Transactions[id] = Transaction{Ballots: ballots(collecting[id].Participants)}
	}
	slices.Sort(n.Open)
	for _, id := range n.Open {
		t := n.Transactions[id]
		if t.Stage == StageTelling {
			n.tell(id, out)
		} else {
			n.decide(id, &t, resource.Abort, out)
		}
	}
}

// ballots makes those of participants of whom nothing more is known.
func ballots(nodes []protocols.NodeID) []Ballot {
	made := make([]Ballot, len(nodes))
	for i, node := range nodes {
		made[i] = Ballot{Node: node, Tell: true}
	}
	return made
}

// Table implements commitment.Protocol.
func (n *Node) Table() protocols.Record {
	table := Table{Outcomes: n.Outcomes.Snapshot().(machine.SessionsSnapshot).Open}
	for _, id := range slices.Sorted(maps.Keys(n.Heuristics)) {
		table.Heuristics = append(table.Heuristics, n.Heuristics[id])
	}
	for _, id := range n.Open {
		t, several := n.Transactions[id]
		if !several {
			continue
		}
		var tell, all []protocols.NodeID
		for i := range t.Ballots {
			b := &t.Ballots[i]
			all = append(all, b.Node)
			if b.Tell && !b.Acked {
				tell = append(tell, b.Node)
			}
		}
		switch {
		case t.Decision != resource.Undecided && n.Settings.logs(t.Decision):
			table.Decisions = append(table.Decisions, Decision{Transaction: id, Decision: t.Decision, Tell: tell})
		case t.Decision == resource.Undecided && n.Settings.Presume == presumeCommit:
			table.Collecting = append(table.Collecting, Collecting{Transaction: id, Participants: all})
		}
	}
	return table
}
