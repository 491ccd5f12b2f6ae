package linear

import (
	"fmt"
	"slices"
)

// Causal memory (Ahamad, Neiger, Burns, Kohli and Hutto: Causal memory:
// definitions, implementation, and programming, 1995): what an operation may
// depend on, that it comes later in its session or that it read what was
// written, comes before it for everybody. Each session sees all writes in one
// order that keeps that, and reads by it; two sessions may see in different
// orders what does not depend on each other. It implies the four session
// guarantees. Where each value of a key is written once it is judged by bad
// patterns (Bouajjani, Enea, Guerraoui and Hamza: On verifying causal
// consistency, POPL 2017, table 2, "CM"): from the reads of one session follows
// which of two writes it must have seen first, and if that leads in a circle no
// order is left.

// CausalResult is the verdict on a history.
type CausalResult struct {
	Verdict Verdict
	// Statements counts the reads of which it is known whose value they
	// returned. If it is 0 nothing could have been violated.
	Statements int
	// Witness holds the operations of a shortest circle, by invocation; empty
	// unless Violated.
	Witness History
	// Explanation says in words what is violated, or why it is not known; ""
	// if the verdict is Holds.
	Explanation string
}

// causalMost bounds the operations: memory grows with their square (50 MB).
const causalMost = 20_000

// CheckCausal judges a history. Reads that cannot be told where their value is
// from (two writes wrote it, or one that began only later) state nothing, but a
// value that nobody wrote is a violation. A history with appends or transfers is
// not judged. An error means that it is not valid.
func CheckCausal(history History, options SessionOptions) (CausalResult, error) {
	if err := history.Validate(); err != nil {
		return CausalResult{}, err
	}
	for i := range history {
		if kind := history[i].Kind; kind != Read && kind != Write && kind != CAS {
			return CausalResult{Verdict: Unknown, Explanation: fmt.Sprintf("causal: operations of kind %s are not judged", kind)}, nil
		}
	}
	c := newCausality(history, options)
	result := CausalResult{Verdict: Holds, Statements: len(c.reads)}
	if len(c.ops) > causalMost {
		result.Verdict = Unknown
		result.Explanation = fmt.Sprintf("causal: %d operations, of at most %d that are judged", len(c.ops), causalMost)
		return result, nil
	}
	if i := slices.IndexFunc(c.ops, c.fromNowhere); i >= 0 {
		result.Verdict, result.Witness = Violated, History{c.ops[i]}
		result.Explanation = fmt.Sprintf("causal: %s, which nobody wrote", c.tell(i))
		return result, nil
	}
	if wrong := c.judge(); wrong != nil {
		result.Verdict, result.Witness, result.Explanation = Violated, wrong.witness(c), wrong.explain(c)
	}
	return result, nil
}

// link says that one operation comes before another one, and why.
type link struct {
	from, to int
	// by is, of a link that was concluded from a read, the read: it returned what
	// to wrote, and had seen what from wrote. It was concluded from links of lower
	// rounds. A link of causality itself is of round 0.
	by    int
	round int
}

// readFrom is a read whose writer is known.
type readFrom struct{ at, writer int } // writer: a place in ops, or initially

// causality holds what is known of the order of operations.
type causality struct {
	ops     History
	options SessionOptions
	writer  map[keyed]int    // as in sessions
	writes  map[string][]int // by key, places in ops
	reads   []readFrom
	links   [][]link // by from: what holds for all sessions
}

func newCausality(history History, options SessionOptions) *causality {
	c := &causality{options: options, writer: map[keyed]int{}, writes: map[string][]int{}}
	for _, op := range byInvocation(slices.Clone(history)) {
		if op.Outcome == OK || op.Outcome == Info && op.Kind != Read {
			c.ops = append(c.ops, op)
		}
	}
	for _, key := range history.Keys() {
		c.writer[keyed{key, options.Initial[key]}] = initially
	}
	for i := range c.ops {
		if v, writes := c.ops[i].writes(); writes {
			if _, known := c.writer[keyed{c.ops[i].Key, v}]; known {
				c.writer[keyed{c.ops[i].Key, v}] = severalTimes
			} else {
				c.writer[keyed{c.ops[i].Key, v}] = i
			}
		}
	}
	c.links = make([][]link, len(c.ops))
	for i := range c.ops {
		op := &c.ops[i]
		if _, writes := op.writes(); writes {
			c.writes[op.Key] = append(c.writes[op.Key], i)
		}
		c.observe(i)
	}
	c.bySession()
	return c
}

// observe links an operation to those whose values it returned.
func (c *causality) observe(i int) {
	op := &c.ops[i]
	seen, observes := op.observes()
	if !observes || op.Outcome != OK {
		return
	}
	var writers []int
	values := c.seenAs(op.Key, seen)
	for _, v := range values {
		w, known := c.writer[keyed{op.Key, v}]
		if known && (w == initially || w >= 0 && w != i && c.ops[w].Invoke < op.Return) {
			writers = append(writers, w)
		}
	}
	for _, w := range writers {
		if w >= 0 {
			c.links[w] = append(c.links[w], link{from: w, to: i})
		}
	}
	if len(values) == 1 && len(writers) == 1 {
		c.reads = append(c.reads, readFrom{i, writers[0]})
	}
}

// seenAs returns the values that an answer stands for: siblings, if nobody wrote
// it as a whole.
func (c *causality) seenAs(key string, seen Value) []Value {
	if _, whole := c.writer[keyed{key, seen}]; whole || !seen.Present {
		return []Value{seen}
	}
	return siblingsOf(seen)
}

// fromNowhere tells whether an operation returned what was never written.
func (c *causality) fromNowhere(op Operation) bool {
	seen, observes := op.observes()
	if !observes || op.Outcome != OK {
		return false
	}
	return slices.ContainsFunc(c.seenAs(op.Key, seen), func(v Value) bool {
		_, known := c.writer[keyed{op.Key, v}]
		return !known
	})
}

// bySession links the operations of each session that was over to those that then
// began, as far as others between them do not say the same. What is unknown may
// have taken effect later, or never.
func (c *causality) bySession() {
	last := map[uint64][]int{} // the operations that nothing has come after yet
	for i := range c.ops {
		op := &c.ops[i]
		var open []int
		for _, earlier := range last[op.Session] {
			if precedes(&c.ops[earlier], op) {
				c.links[earlier] = append(c.links[earlier], link{from: earlier, to: i})
			}
			open = append(open, earlier)
		}
		// One is done with once a later one that it came before is itself over.
		open = slices.DeleteFunc(open, func(earlier int) bool {
			return slices.ContainsFunc(open, func(between int) bool {
				return between != earlier && precedes(&c.ops[earlier], &c.ops[between]) && precedes(&c.ops[between], op)
			})
		})
		if op.Outcome == OK {
			open = append(open, i)
		}
		last[op.Session] = open
	}
}
