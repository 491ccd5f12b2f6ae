package linear

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// The recorded formats other than ours tell events, an invocation and later its
// completion, each with the process that it belongs to. This file puts them
// together to operations.

// stage is what an event tells of its operation.
type stage string

const (
	stageInvoke stage = "invoke"
	stageOK     stage = "ok"
	stageFail   stage = "fail"
	stageInfo   stage = "info"
)

// event is one line of such a history.
type event struct {
	line, column int
	process      uint64
	stage        stage
	kind         Kind
	f            form // where the kind is told
	// key is the key, "" if keyless.
	key     string
	keyless bool
	// expected and in are what a write, append or CAS has, out is what a read
	// returned. silent: a completion that repeats nothing of its invocation.
	expected, in, out Value
	silent            bool
	// mismatched: a CAS that completed, without an error, with no swap.
	mismatched bool
	timed      bool
	time       int64 // nanoseconds, if timed
	err        string
	node       string
	unused     []string // fields that were read over
}

// pairs collects operations.
type pairs struct {
	history History
	report  Report
	model   Model          // that the operations have to be of
	open    map[uint64]int // process to index in history
	placeOf []int          // line of the invocation of each operation
	first   *event
	unused  map[string]int
	events  int64 // read, the nemesis's too
	clock   int64 // time of the last event
}

func newPairs(format Format) *pairs {
	return &pairs{report: Report{Format: format}, open: make(map[uint64]int), unused: make(map[string]int)}
}

// nemesis counts an event that is none of a client's.
func (p *pairs) nemesis() {
	p.events++
	p.report.Nemesis++
}

func (e *event) fault(found, expected string) error {
	return &ReadError{Line: e.line, Column: e.column, Found: found, Expected: expected}
}

// add takes the next event of a client.
func (p *pairs) add(e event) error {
	p.events++
	if p.first == nil {
		p.first = &e
		if !e.timed {
			p.report.Clock = Lines
		}
	}
	if !p.model.has(e.kind) {
		return e.f.fault("the operation "+string(e.kind), p.model.expects(e.kind))
	}
	switch {
	case e.timed != p.first.timed:
		return e.fault(withOrWithout(e.timed)+" a time", "the same as in line "+strconv.Itoa(p.first.line))
	case e.keyless != p.first.keyless && !e.silent:
		return e.fault(withOrWithout(!e.keyless)+" a key", "the same as in line "+strconv.Itoa(p.first.line))
	}
	for _, field := range e.unused {
		p.unused[field]++
	}
	p.tick(&e)
	if e.stage == stageInvoke {
		return p.invoke(&e)
	}
	return p.complete(&e)
}

func withOrWithout(with bool) string {
	if with {
		return "an operation with"
	}
	return "an operation without"
}

// tick moves the clock on. The order of the events is what was recorded: who
// is in a later line was later, even if the times are equal or the clock was
// set back in between; equal times would make the two concurrent.
func (p *pairs) tick(e *event) {
	switch {
	case !e.timed:
		p.clock = p.events
	case len(p.history) > 0 && e.time <= p.clock:
		p.report.Shifted++
		p.clock++
	default:
		p.clock = e.time
	}
}

func (p *pairs) invoke(e *event) error {
	if at, open := p.open[e.process]; open {
		return e.fault(fmt.Sprintf("a second invocation by process %d", e.process),
			fmt.Sprintf("a completion of its first, in line %d", p.placeOf[at]))
	}
	p.open[e.process] = len(p.history)
	p.placeOf = append(p.placeOf, e.line)
	p.history = append(p.history, Operation{
		ID: len(p.history) + 1, Session: e.process, Node: e.node, Key: e.key, Kind: e.kind,
		Expected: e.expected, In: e.in, Invoke: p.clock, Return: Never, Outcome: Info,
	})
	return nil
}

func (p *pairs) complete(e *event) error {
	at, open := p.open[e.process]
	if !open {
		return e.fault(fmt.Sprintf("a completion (%s) by process %d", e.stage, e.process), "its invocation before it")
	}
	delete(p.open, e.process)
	op := &p.history[at]
	if e.kind != op.Kind {
		return e.fault("the completion of a "+string(e.kind),
			fmt.Sprintf("that of the %s invoked in line %d", op.Kind, p.placeOf[at]))
	}
	same := e.key == op.Key && e.expected == op.Expected && e.in == op.In
	if !same && !e.silent {
		return e.fault("another key or value", fmt.Sprintf("those invoked in line %d", p.placeOf[at]))
	}
	op.Return, op.Error = p.clock, e.err
	switch {
	case e.mismatched:
		op.Outcome = OK
	case e.stage == stageFail:
		op.Outcome = Fail
	case e.stage == stageOK:
		op.Outcome, op.Swapped = OK, op.Kind == CAS
		if op.answers() {
			op.Out = e.out
		}
	}
	return nil
}

// done returns all operations; what is still open stays unknown.
func (p *pairs) done() (History, Report, error) {
	p.report.Open = len(p.open)
	for _, field := range slices.Sorted(maps.Keys(p.unused)) {
		p.report.Unused = append(p.report.Unused, Unused{Field: field, Count: p.unused[field]})
	}
	return p.history, p.report, nil
}
