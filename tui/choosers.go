package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"quorumlab/protocols"
	"quorumlab/sim/trace"
	"quorumlab/tui/timeline"
)

// newNodeChooser offers the nodes for something to be done with one of them: that
// of the selected item at first, or of the step where one stands.
func newNodeChooser(m *Model, title string, deed func(protocols.NodeID) (trace.Deed, string)) *chooser {
	c := &chooser{title: title + " which node?", at: -1}
	for i := range m.t.World().Nodes {
		id := protocols.NodeID(i + 1)
		done, why := deed(id)
		c.choices = append(c.choices, choice{
			text: m.nodeText(id), why: why, then: func(m *Model) tea.Cmd { return m.do(done, "") },
		})
		if why == "" && (c.at < 0 || id == m.nodeHere()) {
			c.at = i
		}
	}
	c.at = max(c.at, 0)
	return c
}

// nodeHere is the node that is meant if none is named.
func (m *Model) nodeHere() protocols.NodeID {
	if items := m.inbox(); m.focus == panelInbox && m.selected < len(items) {
		return items[m.selected].Node
	}
	if made := m.t.Made(); made != nil {
		return made.Node
	}
	return 0
}

// nodeText names a node and says how it is.
func (m *Model) nodeText(id protocols.NodeID) string {
	cell := &m.t.World().Nodes[id-1]
	text := m.t.World().Setup().Name(id)
	switch {
	case !cell.Up:
		text += " (down)"
	case cell.Paused:
		text += " (paused)"
	}
	if id == m.t.Leader() {
		text += " (leads)"
	}
	return text
}

// newPartitionChooser offers partitions of usual shapes around a node, and groups
// into which each node can be put.
func newPartitionChooser(m *Model) *chooser {
	around := max(m.nodeHere(), 1)
	groups := make([]int, len(m.t.World().Nodes))
	c := &chooser{keys: "  o other node"}
	fillIn := func(m *Model, c *chooser) {
		c.title = "partition: groups, or a shape around " + m.t.World().Setup().Name(around)
		c.choices = c.choices[:0]
		for i := range groups {
			id := protocols.NodeID(i + 1)
			c.choices = append(c.choices, choice{text: fmt.Sprintf("%s is in group %c", m.nodeText(id), 'A'+groups[i])})
		}
		deed, why := m.t.Split(groups)
		c.choices = append(c.choices, choice{text: "cut these groups from each other", why: why, then: func(m *Model) tea.Cmd { return m.do(deed, "") }})
		for _, p := range m.t.Presets(around, m.t.Leader()) {
			why := p.Why
			c.choices = append(c.choices, choice{text: p.Name, why: why, then: func(m *Model) tea.Cmd { return m.do(m.t.Cut(p.Pairs)) }})
		}
	}
	c.other = func(m *Model, c *chooser, key string) (tea.Cmd, bool) {
		switch {
		case key == "o":
			around = around%protocols.NodeID(len(groups)) + 1
		case c.at < len(groups) && (key == "enter" || key == "space"):
			groups[c.at] = (groups[c.at] + 1) % min(len(groups), 3)
		case len(key) == 1 && key[0] >= '1' && int(key[0]-'1') < len(groups):
			c.at = int(key[0] - '1')
			groups[c.at] = (groups[c.at] + 1) % min(len(groups), 3)
		default:
			return nil, false
		}
		fillIn(m, c)
		return nil, true
	}
	fillIn(m, c)
	return c
}

// newBranchChooser offers the runs of the scenario and all branches.
func newBranchChooser(m *Model) *chooser {
	c := &chooser{title: "branches", keys: "  r rename"}
	for i, l := range m.t.Runs() {
		if l == nil {
			c.choices = append(c.choices, choice{
				text: m.t.Scenario.Runs[i].Name + "  a run, not executed yet",
				then: func(m *Model) tea.Cmd { return m.showRun(i) },
			})
		}
	}
	for _, l := range m.t.Branches() {
		if l == m.t.Line() {
			c.at = len(c.choices)
		}
		c.choices = append(c.choices, choice{text: branchText(l), then: func(m *Model) tea.Cmd {
			m.t.GoTo(timeline.Position{Line: l, Step: m.t.Step()})
			m.refilter()
			return m.search()
		}})
	}
	c.other = func(m *Model, c *chooser, key string) (tea.Cmd, bool) {
		if key != "r" {
			return nil, false
		}
		m.overlay = nil
		return m.ask("rename "+m.t.Line().Name+": ", m.t.Line().Name, func(m *Model, text string) tea.Cmd {
			if err := m.t.Rename(text); err != nil {
				m.message = err.Error()
			}
			return nil
		}), true
	}
	return c
}

// branchText is a line of the list of branches.
func branchText(l *timeline.Line) string {
	from := "as planned"
	if l.Parent != nil {
		from = fmt.Sprintf("from %s after step %d", l.Parent.Name, l.Fork)
	}
	var verdicts []string
	for _, v := range l.Violations() {
		verdicts = append(verdicts, glyphViolated+" "+v.Property)
	}
	switch {
	case l.Result() == nil:
		verdicts = append(verdicts, glyphOpen+" being judged")
	case len(verdicts) == 0:
		verdicts = append(verdicts, glyphHolds+" all hold")
	}
	return fmt.Sprintf("%s  %s, %d steps, %s", l.Name, from, l.Len(), strings.Join(verdicts, " "))
}

// newExportChooser offers the forms in which a line can be written.
func newExportChooser(m *Model) *chooser {
	c := &chooser{title: "export the line on which you stand as"}
	for _, x := range m.exporters() {
		c.choices = append(c.choices, choice{text: x.Name, then: func(m *Model) tea.Cmd {
			return m.ask("file: ", m.fileName(x.Extension), func(m *Model, text string) tea.Cmd { return m.export(x, text) })
		}})
	}
	return c
}
