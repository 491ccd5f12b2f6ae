package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"quorumlab/protocols"
	"quorumlab/protocols/hint"
	"quorumlab/sim"
	"quorumlab/sim/trace"
	"quorumlab/tui/timeline"
)

// spoken is a command that is typed behind a colon.
type spoken struct {
	name, args, help string
	do               func(m *Model, args []string) (tea.Cmd, error)
}

// commands lists all of them.
func commands() []spoken {
	return []spoken{
		{"go", "STEP", "go to a step", (*Model).sayGo},
		{"time", "DURATION", "go to an instant, such as 5s", (*Model).sayTime},
		{"run", "NAME", "go to a run of the scenario", (*Model).sayRun},
		{"branch", "NAME", "go to a branch", (*Model).sayBranch},
		{"rename", "NAME", "rename the branch", (*Model).sayRename},
		{"crash", "NODE", "crash a node", sayFault(func(m *Model, n protocols.NodeID) (trace.Deed, string) { return m.t.Crash(n) })},
		{"restart", "NODE", "restart a node", sayFault(func(m *Model, n protocols.NodeID) (trace.Deed, string) { return m.t.Restart(n) })},
		{"pause", "NODE", "pause a node: what reaches it waits", sayFault(func(m *Model, n protocols.NodeID) (trace.Deed, string) { return m.t.Pause(n, true) })},
		{"resume", "NODE", "let a node go on", sayFault(func(m *Model, n protocols.NodeID) (trace.Deed, string) { return m.t.Pause(n, false) })},
		{"cut", "NODES | NODES", "cut groups of nodes from each other", (*Model).sayCut},
		{"heal", "", "heal all partitions", func(m *Model, _ []string) (tea.Cmd, error) { return m.do(m.t.Heal()), nil }},
		{"break", "NODE NODE", "break the stream of two nodes", (*Model).sayBreak},
		{"filter", "QUERY", "show only the steps that a query finds", func(m *Model, args []string) (tea.Cmd, error) {
			return m.setFilter(strings.Join(args, " ")), nil
		}},
		{"diff", "step | MARK | BRANCH", "compare with something", (*Model).sayDiff},
		{"save", "FILE", "write the line as a trace", func(m *Model, args []string) (tea.Cmd, error) {
			return m.export(m.exporters()[0], strings.Join(args, " ")), nil
		}},
		{"theme", "light | dark", "colours for such a background", (*Model).sayTheme},
		{"help", "", "these commands", (*Model).sayHelp},
		{"quit", "", "leave", func(m *Model, _ []string) (tea.Cmd, error) { return m.quit(), nil }},
	}
}

// commands are those of what is shown.
func (m *Model) commands() []spoken {
	if m.c != nil {
		return courseCommands()
	}
	return commands()
}

// command does what was typed behind the colon. A name may be cut short.
func (m *Model) command(text string) tea.Cmd {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil
	}
	if _, err := strconv.Atoi(words[0]); err == nil {
		words = []string{"go", words[0]}
	}
	var names []string
	for _, c := range m.commands() {
		names = append(names, c.name)
		if !strings.HasPrefix(c.name, words[0]) {
			continue
		}
		if c.args != "" && len(words) == 1 && c.name != "filter" {
			m.message = "it takes an argument: " + c.name + " " + c.args
			return nil
		}
		cmd, err := c.do(m, words[1:])
		if err != nil {
			m.message = err.Error()
		}
		return cmd
	}
	m.message = fmt.Sprintf("no command %q; %s", words[0], hint.For(words[0], names))
	return nil
}

func (m *Model) sayGo(args []string) (tea.Cmd, error) {
	step, err := strconv.Atoi(args[0])
	if err != nil {
		return nil, fmt.Errorf("%q is no step", args[0])
	}
	m.goTo(step)
	return nil, nil
}

func (m *Model) sayTime(args []string) (tea.Cmd, error) {
	at, err := time.ParseDuration(args[0])
	if err != nil {
		return nil, fmt.Errorf("%q is no time such as 5s", args[0])
	}
	m.t.Go(m.t.Line().StepAt(at))
	return nil, nil
}

func (m *Model) sayRun(args []string) (tea.Cmd, error) {
	var names []string
	for i, run := range m.t.Scenario.Runs {
		if run.Name == args[0] {
			return m.showRun(i), nil
		}
		names = append(names, run.Name)
	}
	return nil, fmt.Errorf("no run %q; %s", args[0], hint.For(args[0], names))
}

func (m *Model) sayBranch(args []string) (tea.Cmd, error) {
	l, err := m.branchNamed(strings.Join(args, " "))
	if err != nil {
		return nil, err
	}
	m.t.GoTo(timeline.Position{Line: l, Step: m.t.Step()})
	m.refilter()
	return m.search(), nil
}

func (m *Model) branchNamed(name string) (*timeline.Line, error) {
	if l := m.t.Named(name); l != nil {
		return l, nil
	}
	var names []string
	for _, l := range m.t.Branches() {
		names = append(names, l.Name)
	}
	return nil, fmt.Errorf("no branch %q; %s", name, hint.For(name, names))
}

func (m *Model) sayRename(args []string) (tea.Cmd, error) {
	return nil, m.t.Rename(strings.Join(args, " "))
}

// nodeNamed finds a node by its name.
func (m *Model) nodeNamed(name string) (protocols.NodeID, error) {
	names := m.t.World().Setup().Names
	at := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	if at < 0 {
		return 0, fmt.Errorf("no node %q; %s", name, hint.For(name, names))
	}
	return protocols.NodeID(at + 1), nil
}

// sayFault returns the command that does something with a node.
func sayFault(deed func(m *Model, node protocols.NodeID) (trace.Deed, string)) func(*Model, []string) (tea.Cmd, error) {
	return func(m *Model, args []string) (tea.Cmd, error) {
		node, err := m.nodeNamed(args[0])
		if err != nil {
			return nil, err
		}
		return m.do(deed(m, node)), nil
	}
}

func (m *Model) sayCut(args []string) (tea.Cmd, error) {
	groups := make([]int, len(m.t.World().Nodes))
	group := 1
	for _, word := range args {
		if word == "|" {
			group++
			continue
		}
		node, err := m.nodeNamed(word)
		if err != nil {
			return nil, err
		}
		groups[node-1] = group
	}
	return m.do(m.t.Split(groups)), nil
}

func (m *Model) sayBreak(args []string) (tea.Cmd, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("break takes two nodes")
	}
	a, err := m.nodeNamed(args[0])
	if err != nil {
		return nil, err
	}
	b, err := m.nodeNamed(args[1])
	if err != nil {
		return nil, err
	}
	deed := trace.Deed{Choose: &sim.Choice{Kind: sim.Break, Node: min(a, b), Peer: max(a, b)}}
	return m.execute(m.t.At(), deed), nil
}

func (m *Model) sayDiff(args []string) (tea.Cmd, error) {
	name := strings.Join(args, " ")
	m.attend(panelDifference)
	if name == "step" {
		m.base = diffBase{}
		return nil, nil
	}
	if _, ok := m.t.Marked(name); ok {
		m.base = diffBase{mark: name}
		return nil, nil
	}
	l, err := m.branchNamed(name)
	if err == nil {
		m.base = diffBase{line: l}
	}
	return nil, err
}

func (m *Model) sayTheme(args []string) (tea.Cmd, error) {
	if args[0] != "light" && args[0] != "dark" {
		return nil, fmt.Errorf("a theme is light or dark")
	}
	m.theme = newTheme(args[0] == "dark")
	return nil, nil
}

func (m *Model) sayHelp([]string) (tea.Cmd, error) {
	var text strings.Builder
	for _, c := range m.commands() {
		fmt.Fprintf(&text, ":%-30s %s\n", c.name+" "+c.args, c.help)
	}
	m.overlay = &reader{title: "commands (a name may be cut short)", text: text.String()}
	return nil, nil
}
