package reports

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// Contender is a protocol with parameters that takes part in the contest: all
// are struck by the same faults while they do the same work.
type Contender struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	Protocol   string `json:"protocol"`
	Parameters string `json:"parameters"` // as in a scenario
	// About tells what there is to know of how it is set up.
	About string `json:"about"`
	// Struck is whom faults strike: the leader, or a node where none is told of.
	Struck string `json:"struck"`
}

// The commit protocols keep a key on one node. Here the accounts of a transfer are
// on n3 and n5, the lists on n3, n4 and n5, the other keys on n4 and n5; n1 and n2 hold
// none and coordinate.
const (
	rangesParameter = `ranges: "A,a,b,r"`
	rangesAbout     = "A key has one owner, n3 to n5: what is cut off from the owners can do nothing."
)

// Contenders lists all, in the order of the report.
func Contenders() []Contender {
	return []Contender{
		{
			ID: "async-primary-backup", Title: "Primary-backup, asynchronous", Protocol: "primarybackup",
			Parameters: "replication: async, reads: local, takeover: timeout, takeover_after: 5", Struck: "n1",
			About: "Writes are answered before they are shipped, every node answers reads from its own state, and a backup takes over when it has not heard from the primary (n1) for half a second.",
		},
		{
			ID: "sync-primary-backup", Title: "Primary-backup, synchronous", Protocol: "primarybackup",
			Parameters: "replication: sync, wait: all, reads: confirmed, takeover: timeout, takeover_after: 5", Struck: "n1",
			About: "Writes are answered when all backups have them on disk; the primary (n1) confirms what backups read.",
		},
		{
			ID: "sloppy-quorum", Title: "Quorum store, sloppy", Protocol: "quorumstore",
			Parameters: "n: 3, r: 2, w: 2, sloppy: on, conflicts: lww, writeback: off", Struck: "n1",
			About: "Three of five nodes own a key, two answers are enough, and stand-ins count; of two writes the later by the wall clock wins. Transfers and transactions are not offered.",
		},
		{
			ID: "strict-quorum", Title: "Quorum store, strict", Protocol: "quorumstore",
			Parameters: "n: 3, r: 2, w: 2, sloppy: off, conflicts: logical, writeback: on", Struck: "n1",
			About: "Three of five nodes own a key; two owners must answer, and reads write back what they found (ABD). Transfers and transactions are not offered.",
		},
		{
			ID: "2pc", Title: "Two-phase commit", Protocol: "twopc", Parameters: rangesParameter, Struck: "n1", About: rangesAbout,
		},
		{
			ID: "3pc-quorum", Title: "Three-phase commit, quorum termination", Protocol: "threepc",
			Parameters: "termination: quorum, " + rangesParameter, Struck: "n1", About: rangesAbout,
		},
		{
			ID: "paxos-commit", Title: "Paxos Commit", Protocol: "paxoscommit",
			Parameters: "faults: 2, " + rangesParameter, Struck: "n1", About: rangesAbout + " All five nodes are acceptors.",
		},
		{
			ID: "paxos", Title: "Multi-Paxos", Protocol: "paxos", Struck: "leader",
			About: "Reads are confirmed by a round of heartbeats (read index).",
		},
		{
			ID: "zab", Title: "Zab", Protocol: "zab", Struck: "leader",
			About: "Reads are confirmed by a quorum (sync).",
		},
	}
}

// The runs of the contest.
const (
	PhasePartition = "partition"
	PhaseCrash     = "crash"
	PhaseSlow      = "slow"
	phaseSteady    = "steady-" // and the delay
)

// steadyDelays are the one-way delays in milliseconds at which latency is
// measured without faults; costs are counted at the one of costAt.
var steadyDelays = [...]int{1, 5, 10, 20, 40}

const costAt = "steady-5ms"

//go:embed contest.yaml.tmpl
var contestTemplate string

// item is something that a client (p…) puts aside and that is read at the end.
type item struct {
	Client, Key           string
	PutMillis, ReadMillis int
}

// The items of the contest: each client puts one aside every second from
// itemsFrom on, and at the end they are read one after another.
const (
	itemsOfEach  = 9
	itemsFrom    = 8200
	itemsRead    = 27000
	itemsReadGap = 40
	lastRead     = 29300
	lastReadGap  = 60
	// crossItem is the item at which the clients look that stand two nodes apart, at
	// crossRead: each has put its own aside, and looks for the other's. Two who both
	// find nothing are in no one order (Lamport's own example).
	crossItem    = 5
	crossRead    = 12600
	crossReadGap = 11
)

// crossReads has each putter look for the items of those two nodes away: of any two
// nodes of which a cut makes a side, one at least has one of those on the other.
func crossReads(nodes int) []item {
	var list []item
	for n := range nodes {
		for _, away := range []int{2, nodes - 2} {
			list = append(list, item{
				Client: fmt.Sprintf("p%d", n+1), Key: fmt.Sprintf("i%d.%d", (n+away)%nodes+1, crossItem),
				ReadMillis: crossRead + crossReadGap*len(list),
			})
		}
	}
	return list
}

// lastReads has every putter read every register at the end.
func lastReads(nodes int) []item {
	var list []item
	for i, key := range []string{"k1", "k2", "r1", "r2"} {
		for n := 1; n <= nodes; n++ {
			list = append(list, item{Client: fmt.Sprintf("p%d", n), Key: key, ReadMillis: lastRead + lastReadGap*i})
		}
	}
	return list
}

func items(nodes int) []item {
	var list []item
	for i := range itemsOfEach {
		for n := 1; n <= nodes; n++ {
			list = append(list, item{
				Client: fmt.Sprintf("p%d", n), Key: fmt.Sprintf("i%d.%d", n, i+1),
				PutMillis: itemsFrom + 1000*i + 37*n, ReadMillis: itemsRead + itemsReadGap*len(list),
			})
		}
	}
	return list
}

// scenarioText writes the contender's scenario.
func (c Contender) scenarioText() (string, error) {
	t, err := template.New("contest").Parse(contestTemplate)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = t.Execute(&text, setting{c, clientsOf(nodes), items(nodes), crossReads(nodes), lastReads(nodes), steadyDelays[:]})
	return text.String(), err
}

// nodes is how many there are in the contest, clientsEach how many clients stand
// beside each who read and write registers.
const (
	nodes       = 5
	clientsEach = 4
)

// setting is what the template of the contest is filled in with.
type setting struct {
	Contender
	Clients []client
	Items   []item
	Cross   []item // reads, while a fault lasts
	Last    []item // reads, when all has long been quiet
	Delays  []int
}

// client is a session beside a node.
type client struct {
	Name, Timeout string
	Node          int
}

// clientsOf lists the clients. Those who read and write have a pause about as
// long as their patience, so that one who is not answered holds up few of its own.
func clientsOf(nodes int) []client {
	var list []client
	for i := range clientsEach * nodes {
		list = append(list, client{fmt.Sprintf("c%d", i+1), "1s", i%nodes + 1})
	}
	for i := range nodes {
		list = append(list, client{fmt.Sprintf("p%d", i+1), "1s", i + 1})
	}
	for i := range nodes {
		list = append(list, client{fmt.Sprintf("t%d", i+1), "2s", i + 1})
	}
	for i := range nodes {
		list = append(list, client{fmt.Sprintf("l%d", i+1), "2s", i + 1})
	}
	return list
}

// Names joins the names of the clients that begin with a letter.
func (s setting) Names(letter string) string {
	var names []string
	for _, c := range s.Clients {
		if strings.HasPrefix(c.Name, letter) {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, ", ")
}

// Row is one line of a report's tables: something that is run in some phases.
type Row struct {
	Contender
	// Scenario is nil for a recorded history.
	Scenario *language.Scenario
	Phases   []string // the names of its runs
}

func (r *Row) run(phase string) *language.Run {
	at := slices.IndexFunc(r.Scenario.Runs, func(run language.Run) bool { return run.Name == phase })
	return &r.Scenario.Runs[at]
}

// Contest returns the rows of the contest: of all contenders, or of those that
// are named, by their own name or by that of their protocol.
func Contest(lab *scenarios.Lab, names []string) ([]Row, error) {
	var rows []Row
	for _, c := range Contenders() {
		if len(names) > 0 && !slices.Contains(names, c.ID) && !slices.Contains(names, c.Protocol) {
			continue
		}
		text, err := c.scenarioText()
		if err != nil {
			return nil, fmt.Errorf("reports: the contest: %w", err)
		}
		scenario, err := lab.Parse("contest-"+c.ID+".yaml", strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("reports: the contest: %w", err)
		}
		row := Row{Contender: c, Scenario: scenario}
		for i := range scenario.Runs {
			row.Phases = append(row.Phases, scenario.Runs[i].Name)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// RunsOf returns a row for each run of a scenario, or for those of the protocols
// that are named.
func RunsOf(scenario *language.Scenario, protocols []string) []Row {
	var rows []Row
	for i := range scenario.Runs {
		run := &scenario.Runs[i]
		if len(protocols) > 0 && !slices.Contains(protocols, run.Protocol) {
			continue
		}
		title := run.Title
		if title == "" {
			title = run.Name
		}
		var parameters []string
		for name, value := range run.Parameters {
			parameters = append(parameters, name+": "+value)
		}
		slices.Sort(parameters)
		rows = append(rows, Row{
			Contender: Contender{ID: run.Name, Title: title, Protocol: run.Protocol, Parameters: strings.Join(parameters, ", ")},
			Scenario:  scenario, Phases: []string{run.Name},
		})
	}
	return rows
}

// Names returns what Contest may be asked for.
func Names() []string {
	var names []string
	for _, c := range Contenders() {
		names = append(names, c.ID)
		if !slices.Contains(names, c.Protocol) {
			names = append(names, c.Protocol)
		}
	}
	return names
}
