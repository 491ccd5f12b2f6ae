package timeline

import (
	"context"
	"slices"
	"strings"

	"quorumlab/protocols"
	"quorumlab/sim"
)

// rowsMax is how many rows a Timeline remembers, rowsBlock how many it makes at a
// time.
const (
	rowsMax   = 4096
	rowsBlock = 64
)

// rowCache remembers the rows of one line.
type rowCache struct {
	line *Line
	rows map[int]Row
}

// Rows returns the steps from first to last of the line on which one stands: those
// of them that there are.
func (t *Timeline) Rows(first, last int) []Row {
	l := t.at.Line
	if t.rows.line != l || len(t.rows.rows) > rowsMax {
		t.rows = rowCache{line: l, rows: map[int]Row{}}
	}
	first, last = max(first, 1), min(last, l.Len())
	rows := make([]Row, 0, max(0, last-first+1))
	for step := first; step <= last; step++ {
		row, known := t.rows.rows[step]
		if !known {
			t.makeRows(max(1, step-step%rowsBlock), min(step-step%rowsBlock+rowsBlock-1, l.Len()))
			row = t.rows.rows[step]
		}
		rows = append(rows, row)
	}
	return rows
}

// makeRows makes the steps from first to last again, and remembers their rows.
func (t *Timeline) makeRows(first, last int) {
	l := t.at.Line
	w := t.view.worldAt(l, first-1)
	for step := first; step <= last; step++ {
		var made sim.Step
		l.redo(w, step, &made)
		t.rows.rows[step] = l.row(w, &made, step)
	}
}

// Past returns which of the steps from first to last are in the causal past of a
// step: what its node did before, what was sent to it, and so on.
func (l *Line) Past(of, first, last int) map[int]bool {
	past := map[int]bool{}
	if of < 1 || of > l.Len() {
		return past
	}
	// caused are steps that are in it for what they set going; upTo is, for each node, the last step of it that is in the past.
	upTo := map[protocols.NodeID]int{}
	caused := map[int]bool{of: true}
	for step := of; step >= max(first, 1); step-- {
		o := l.outline(step)
		if !caused[step] && (o.Node == 0 || upTo[o.Node] < step) {
			continue
		}
		if step <= last {
			past[step] = true
		}
		if o.Node != 0 && o.Mark != Loses {
			upTo[o.Node] = max(upTo[o.Node], step)
		}
		if o.Cause > 0 {
			caused[o.Cause] = true
		}
	}
	return past
}

// Query is what somebody looks for among steps.
type Query struct {
	nodes, types, keys, words []string
}

// ParseQuery reads words that must all be met: node:NAME, type:NAME (of a message,
// a timer, a kind of step), key:NAME, and others that stand in the step's sentence.
// Capital letters do not matter.
func ParseQuery(text string) Query {
	var q Query
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		kind, rest, found := strings.Cut(word, ":")
		switch {
		case found && kind == "node":
			q.nodes = append(q.nodes, rest)
		case found && kind == "type":
			q.types = append(q.types, rest)
		case found && kind == "key":
			q.keys = append(q.keys, rest)
		default:
			q.words = append(q.words, word)
		}
	}
	return q
}

// Empty tells whether nothing is looked for.
func (q Query) Empty() bool {
	return len(q.nodes)+len(q.types)+len(q.keys)+len(q.words) == 0
}

// matches tells whether a step is what is looked for.
func (q Query) matches(w *sim.World, r *Row) bool {
	text := strings.ToLower(r.Text)
	at, from := strings.ToLower(w.Setup().Name(r.Node)), strings.ToLower(w.Setup().Name(r.From))
	for _, name := range q.nodes {
		if at != name && from != name {
			return false
		}
	}
	for _, name := range q.types {
		if !strings.Contains(strings.ToLower(r.Name), name) && !strings.Contains(string(r.Mark), name) {
			return false
		}
	}
	for _, key := range q.keys {
		if !strings.Contains(text, `"key":"`+key+`"`) {
			return false
		}
	}
	return !slices.ContainsFunc(q.words, func(word string) bool { return !strings.Contains(text, word) })
}

// Search looks for steps of a line. It may be used by another goroutine than that
// of the Timeline.
type Search struct {
	line  Line // a copy, of which nothing changes
	query Query
}

// Search returns a search of the line on which one stands.
func (t *Timeline) Search(q Query) *Search {
	l := t.at.Line
	s := &Search{query: q, line: Line{steps: l.steps, unseen: l.unseen}}
	s.line.snapshots = snapshots{kept: slices.Clone(l.snapshots.kept[:1]), spacing: l.Len() + 1}
	return s
}

// Run returns the steps found, growing. The error is the context's.
func (s *Search) Run(ctx context.Context) ([]int, error) {
	var found []int
	w := s.line.worldAt(0)
	for step := 1; step <= s.line.Len(); step++ {
		if step%chunkSize == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var made sim.Step
		s.line.redo(w, step, &made)
		r := s.line.row(w, &made, step)
		if s.query.matches(w, &r) {
			found = append(found, step)
		}
	}
	return found, ctx.Err()
}
